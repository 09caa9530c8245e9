"""nginx and HAProxy of a lab's machine, and a client that comes to them from outside."""

from __future__ import annotations

import http.client
import re
import shlex
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.play.phones import Reply
from tests.production.lab.haproxy import servers
from tests.production.lab.process import LabProcess

WITHIN_S: Final = 100.0
# Another address than the proxies': the service would take it for one of them.
OUTSIDE: Final = "127.0.0.2"


class FrontPrograms:
    """Both, with the files below the machine's root, as their units of Debian start them."""

    def __init__(self, root: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.nginx = LabProcess(
            "nginx", [str(root / "standins/nginx")], root / "var/log/nginx.log", environ
        )
        words = re.search(r'^EXTRAOPTS="(.*)"$', (root / "etc/default/haproxy").read_text(), re.M)
        if words is None:
            raise AssertionError("/etc/default/haproxy names no folder")
        extra = shlex.split(words[1])
        command = ["/usr/sbin/haproxy", "-W", "-db", "-f", str(root / "etc/haproxy/haproxy.cfg")]
        self.haproxy = LabProcess("HAProxy", [*command, *extra], root / "var/log/haproxy.log")

    def servers(self, backend: str) -> dict[str, tuple[str, int]]:
        """What HAProxy thinks of each server of a backend, and requests that it was given."""
        return servers(self.root / "run/haproxy/admin.sock", backend)


class OutsideClient:
    """Speaks TLS with the machine, and believes its certificate alone."""

    def __init__(self, port: int, certificate: Path) -> None:
        self.port = port
        self.context = ssl.create_default_context(cafile=certificate)

    def send(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        *,
        comes_from: str = OUTSIDE,
        **headers: str,
    ) -> Reply:
        """One request on a connection of its own, never repeated."""
        line = http.client.HTTPSConnection(
            "localhost",
            self.port,
            timeout=WITHIN_S,
            context=self.context,
            source_address=(comes_from, 0),
        )
        shown = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            shown.setdefault("Content-Type", "application/json")
        try:
            line.request(method, path, body, shown)
            answer = line.getresponse()
            names = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(answer.status, names, answer.read())
        finally:
            line.close()
