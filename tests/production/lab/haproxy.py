"""HAProxy as `deploy/haproxy` has it: what a machine of the service takes for its database."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from api.embedded.account import ServerAccount
from migrations.upgrade import PROJECT
from tests.fixtures.running import free_port
from tests.production.lab.process import LabProcess

CONFIGURATION: Final = PROJECT / "deploy" / "haproxy" / "haproxy.cfg"


class DatabaseDoor:
    """Listens on a loopback `port` and leads to the primary."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        environ = {**os.environ, "INTERLUDE_DATABASE_PORT": str(self.port)}
        # It becomes its own account by itself, as the file says.
        nobody_else = ServerAccount(os.geteuid(), os.getegid(), changed=False)
        command = ["haproxy", "-W", "-db", "-f", str(CONFIGURATION)]
        log = folder / "haproxy.log"
        self.process = LabProcess("haproxy", command, log, environ, nobody_else)

    def start(self) -> None:
        """Start it."""
        self.process.start()

    def stop(self) -> None:
        """End it."""
        self.process.stop()
