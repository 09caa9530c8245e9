"""HAProxy with `deploy/haproxy`: what a machine of the service takes for its database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from api.embedded.account import ServerAccount
from migrations.upgrade import PROJECT
from tests.fixtures.running import free_port
from tests.production.lab.process import LabProcess

DATABASE: Final = PROJECT / "deploy" / "haproxy" / "database.cfg"
# Debian's own file of the machine says the like, and more that a lab has not.
MACHINE: Final = """\
global
    user haproxy
    group haproxy
    log stdout format raw local0 notice
"""


class DatabaseDoor:
    """Listens on a loopback `port` and leads to the primary."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        machine = folder / "haproxy.cfg"
        machine.write_text(MACHINE)
        environ = {**os.environ, "INTERLUDE_DATABASE_PORT": str(self.port)}
        # It becomes an account of its own by itself.
        ours = ServerAccount(os.geteuid(), os.getegid(), changed=False)
        command = ["haproxy", "-W", "-db", "-f", str(machine), "-f", str(DATABASE)]
        self.process = LabProcess("haproxy", command, folder / "haproxy.log", environ, ours)

    def start(self) -> None:
        """Start it."""
        self.process.start()

    def stop(self) -> None:
        """End it."""
        self.process.stop()
