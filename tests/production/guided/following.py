"""A machine on which commands of the guide are followed, and what they asked of systemd is done."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.mail import MailServer, mail_server
from tests.production.guided.front import FrontPrograms, OutsideClient
from tests.production.guided.machine import GuideMachine, backrest_environ
from tests.production.guided.pages import full_name
from tests.production.guided.units import UnitRunner


@dataclass
class GuidedMachine:
    """A machine on which the guide is followed, and its programs."""

    machine: GuideMachine
    units: UnitRunner
    mail: MailServer
    front: FrontPrograms | None = None
    output: str = ""

    @property
    def installed(self) -> Path:
        """Where the guide puts the units."""
        return self.machine.root / "etc/systemd/system"

    def follow(self, block: str) -> None:
        """Run one block, then do what it asked of systemd."""
        self.output, asked = self.machine.run(block)
        for action, *words in asked:
            units = [word for word in words if word != "--now"]
            for unit in units:
                if action == "enable":
                    self.units.enabled.add(full_name(unit))
                if action != "enable" or "--now" in words:
                    self._do("start" if action == "enable" else action, unit)

    def _do(self, action: str, unit: str) -> None:
        if unit.startswith("postgresql@") and action == "restart":
            self.machine.cluster.stop()
            self.machine.cluster.start()
        elif unit in ("haproxy", "nginx") and action == "restart":
            self._start_front(unit)
        elif unit == "interlude-*" and action == "stop":
            self.units.stop_all()
        elif unit.startswith("interlude-") and action == "start":
            self.units.start(full_name(unit))
        elif unit != "systemd-journald":
            raise AssertionError(f"the guide asks systemd for what is not tried: {action} {unit}")

    def _start_front(self, unit: str) -> None:
        if self.front is None:
            self.front = FrontPrograms(self.machine.root, self.machine.environ)
        (self.front.haproxy if unit == "haproxy" else self.front.nginx).start()

    def client(self) -> OutsideClient:
        """Somebody outside."""
        certificate = self.machine.root / "etc/interlude/tls/fullchain.pem"
        return OutsideClient(self.machine.ports["443"], certificate)

    def all_ready(self) -> bool:
        """Does HAProxy take every web process for alive and ready?"""
        assert self.front is not None
        try:
            pools = [self.front.servers(pool) for pool in ("crisis", "ordinary", "alive")]
        except OSError:
            return False
        return all(status == "UP" for pool in pools for status, _ in pool.values())

    def is_safe(self) -> bool:
        """Does `/safetyz` say that all is well? The auditor's timer is the proof's to keep."""
        try:
            if self.client().send("GET", "/safetyz").status == 200:
                return True
        except OSError:
            return False
        self.units.run("interlude-auditor.service")
        return False

    def stop(self) -> None:
        """End all of it."""
        if self.front is not None:
            self.front.nginx.stop()
            self.front.haproxy.stop()
        self.units.stop_all()
        self.machine.cluster.stop()


@contextmanager
def a_guided_machine(folder: Path) -> Iterator[GuidedMachine]:
    """An empty machine with a PostgreSQL that nobody has set up, and a mail server elsewhere."""
    with mail_server() as mail, ExitStack() as stack:
        machine = GuideMachine(folder / "root", mail.receiver.port)
        machine.cluster.make()
        machine.cluster.start()
        units = UnitRunner(machine.root, backrest_environ(machine.root))
        guided = GuidedMachine(machine, units, mail)
        stack.callback(guided.stop)
        yield guided
