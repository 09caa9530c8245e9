"""Two web services of one database behind HAProxy, restarted one after the other."""

from __future__ import annotations

import csv
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from api.front.command import serve_command
from api.play.phones import Wire
from tests.fixtures.running import RunningService, free_port, wait_until
from tests.production.lab.process import LabProcess, lab_account
from tests.production.packages import need
from tools.child import Child

# A machine that does much else at once starts slowly.
UP_LIMIT_S: Final = 300.0
CONFIG: Final = """\
global
    log stdout format raw local0 notice
    stats socket {folder}/admin.sock mode 600 level admin
defaults
    mode http
    timeout connect 2s
    timeout client 90s
    timeout server 90s
    retries 2
    option redispatch 1
frontend phones
    bind 127.0.0.1:{port}
    default_backend web
backend web
    option httpchk
    http-check send meth GET uri /readyz
    default-server check inter 500ms fall 2 rise 1
"""


class WebService:
    """One web service on a port of its own, of the same settings as the running one."""

    def __init__(self, running: RunningService) -> None:
        self.port = free_port()
        command = serve_command(replace(running.settings, port=self.port), 1)
        environ = running.environ() | {"INTERLUDE_PORT": str(self.port)}
        self.child = Child(f"web service {self.port}", command, environ, print)

    def start(self) -> None:
        """Returns when it is ready."""
        self.child.start()
        wait_until(self._is_ready, "a web service is ready", UP_LIMIT_S)

    def _is_ready(self) -> bool:
        with suppress(OSError):
            return Wire(f"http://127.0.0.1:{self.port}", 1).send("GET", "/readyz", {}).status == 200
        return False


@dataclass
class Balancer:
    """HAProxy in front of the services, each named by its port."""

    folder: Path
    services: list[WebService]
    port: int = field(default_factory=free_port)

    def __post_init__(self) -> None:
        command = ["/usr/sbin/haproxy", "-W", "-db", "-f", f"{self.folder}/haproxy.cfg"]
        self._process = LabProcess("HAProxy", command, self.folder / "haproxy.log")

    def start(self) -> None:
        """Returns when it has found every service ready."""
        need("haproxy")
        self.folder.mkdir()
        servers = "".join(f"    server {s.port} 127.0.0.1:{s.port}\n" for s in self.services)
        config = CONFIG.format(folder=self.folder, port=self.port) + servers
        (self.folder / "haproxy.cfg").write_text(config)
        lab_account().own(self.folder, passable=True)
        self._process.start()
        for service in self.services:
            self._wait_until_up(service)

    def stop(self) -> None:
        """End it."""
        self._process.stop()

    def restart(self, service: WebService) -> None:
        """As an operator does: nothing new goes there, what is there is answered, then it ends."""
        self._ask(f"set server web/{service.port} state drain")
        wait_until(lambda: self._figure(service, "scur") == "0", "the service is idle", 30)
        service.child.stop()
        service.start()
        self._ask(f"set server web/{service.port} state ready")
        self._wait_until_up(service)

    def _wait_until_up(self, service: WebService) -> None:
        wait_until(lambda: self._figure(service, "status") == "UP", "HAProxy finds it", 30)

    def _figure(self, service: WebService, name: str) -> str:
        """What HAProxy says of one service; empty while it does not say anything."""
        with suppress(OSError):
            table = csv.DictReader(self._ask("show stat").lstrip("# ").splitlines())
            return next((row[name] for row in table if row["svname"] == str(service.port)), "")
        return ""

    def _ask(self, command: str) -> str:
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(5)
            line.connect(str(self.folder / "admin.sock"))
            line.sendall(f"{command}\n".encode())
            return b"".join(iter(lambda: line.recv(65_536), b"")).decode()


@contextmanager
def two_web_services(running: RunningService, folder: Path) -> Iterator[Balancer]:
    """Both ready behind HAProxy, for the length of a block."""
    services = [WebService(running), WebService(running)]
    balancer = Balancer(folder, services)
    try:
        for service in services:
            service.start()
        balancer.start()
        yield balancer
    finally:
        balancer.stop()
        for service in services:
            service.child.kill()
