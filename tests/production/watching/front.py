"""A front door with TLS, which Debian's blackbox exporter asks as the operator's file says."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from services.clock import utcnow
from tests.deploy.reading import read
from tests.fixtures.running import free_port
from tests.production.lab.process import LabProcess, lab_account
from tests.production.packages import need

PROGRAM: Final = "/usr/bin/prometheus-blackbox-exporter"
NAME: Final = "localhost"
OWN_CERTIFICATE: Final = "#tls_config: {ca_file: /etc/interlude/tls/fullchain.pem}"
LASTS: Final = timedelta(days=90)


class _Door(BaseHTTPRequestHandler):
    """As nginx in front of a service that is alive."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/healthz" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is written."""


@dataclass
class WatchedFront:
    """`exporter` asks the door; certificates are one after the other, and all believed."""

    folder: Path
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.believed = self.folder / "believed.pem"
        config = self.folder / "blackbox.yml"
        words = [PROGRAM, f"--config.file={config}", f"--web.listen-address=127.0.0.1:{self.port}"]
        self.exporter = LabProcess(
            "blackbox exporter", [*words, "--log.level=warn"], self.folder / "blackbox.log"
        )
        self._door = ThreadingHTTPServer((NAME, 0), _Door)
        self.url = f"https://{NAME}:{self._door.server_port}/healthz"

    def open(self) -> None:
        """The door is there, and the exporter, which may ask it."""
        need("prometheus-blackbox-exporter")
        self.folder.mkdir()
        self.lasts(LASTS)
        # An answer is begun in a thread of its own: who knocks and is silent holds up nobody.
        self._door.socket = self.context.wrap_socket(
            self._door.socket, server_side=True, do_handshake_on_connect=False
        )
        Thread(target=self._door.serve_forever, args=(0.05,), daemon=True).start()
        file = read("prometheus", "blackbox.yml")
        assert file.count(OWN_CERTIFICATE) == 1
        own = f"tls_config: {{ca_file: {self.believed}}}"
        (self.folder / "blackbox.yml").write_text(file.replace(OWN_CERTIFICATE, own))
        lab_account().own(self.folder, passable=True)
        self.exporter.start()

    def lasts(self, time: timedelta) -> None:
        """From now on a certificate that ends after this time is shown."""
        now, name = utcnow(), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
        made = (
            x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
            .not_valid_before(now - LASTS)
            .not_valid_after(now + time)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )
        kinds = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        key = self.key.private_bytes(serialization.Encoding.PEM, *kinds)
        text = made.public_bytes(serialization.Encoding.PEM)
        shown = self.folder / "shown.pem"
        shown.write_bytes(key + text)
        self.context.load_cert_chain(shown)
        with self.believed.open("ab") as believed:
            believed.write(text)

    def break_down(self) -> None:
        """nginx answers, and who stands behind it does not."""
        self._door.RequestHandlerClass = _Broken

    def mend(self) -> None:
        """As before, with a new certificate."""
        self._door.RequestHandlerClass = _Door
        self.lasts(LASTS)

    def close(self) -> None:
        """End both."""
        self.exporter.stop()
        self._door.server_close()


class _Broken(_Door):
    def do_GET(self) -> None:
        self.send_error(502)


@contextmanager
def watched_front(folder: Path) -> Iterator[WatchedFront]:
    """For the length of a block."""
    front = WatchedFront(folder)
    try:
        front.open()
        yield front
    finally:
        front.close()
