"""Two web services of one database behind HAProxy, restarted one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Final

from api.front.command import serve_command
from api.play.phones import Wire
from tests.fixtures.running import RunningService, free_port, wait_until
from tests.production.lab.haproxy import WEB, LabHaproxy, servers, with_ports
from tests.production.packages import need
from tools.child import Child

# A machine that does much else at once starts slowly.
UP_LIMIT_S: Final = 300.0
POOLS: Final = ("crisis", "ordinary")


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


class Balancer(LabHaproxy):
    """`port`: where nginx sends what a phone posts, in `deploy/` the one for crisis routes."""

    def __init__(self, folder: Path, services: Sequence[WebService]) -> None:
        folder.mkdir()
        self.services, self.port = services, free_port()
        first, second = services
        ports = {"8001": first.port, "8002": second.port, "8100": free_port(), "8101": self.port}
        config = folder / "web.cfg"
        config.write_text(with_ports(WEB.read_text(), ports))
        super().__init__(folder, config)

    def start(self) -> None:
        """Returns when it has found every service ready."""
        need("haproxy")
        super().start()
        self._wait_until_all_are_up()

    def restart(self, service: WebService) -> None:
        """As the guide does: it ends, is started, and HAProxy has seen it before the next ends."""
        service.child.stop()
        service.start()
        self._wait_until_all_are_up()

    def _wait_until_all_are_up(self) -> None:
        wait_until(self._all_are_up, "HAProxy has found every service", 30)

    def _all_are_up(self) -> bool:
        with suppress(OSError):
            states = [state for pool in POOLS for state, _ in servers(self.socket, pool).values()]
            return states == ["UP"] * len(POOLS) * len(self.services)
        return False


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
