"""HAProxy with the files of `deploy/haproxy`: before the web processes, and before the database."""

from __future__ import annotations

import csv
import os
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from api.embedded.account import ServerAccount
from migrations.upgrade import PROJECT
from tests.fixtures.running import free_port
from tests.production.lab.process import LabProcess

DATABASE: Final = PROJECT / "deploy" / "haproxy" / "database.cfg"
WEB: Final = PROJECT / "deploy" / "haproxy" / "web.cfg"
# Debian's own file of the machine says the like, and more that a lab has not.
MACHINE: Final = """\
global
    log stdout format raw local0 notice
    stats socket {socket} mode 600 level admin
"""
OF_ROOT: Final = "    user haproxy\n    group haproxy\n"


class LabHaproxy:
    """Runs with one of these files beside what a machine of Debian's says, in a folder."""

    def __init__(self, folder: Path, config: Path, **environ: str) -> None:
        self.socket, machine = folder / "admin.sock", folder / "haproxy.cfg"
        who = OF_ROOT if os.geteuid() == 0 else ""
        machine.write_text(MACHINE.format(socket=self.socket) + who)
        # It becomes an account of its own by itself.
        ours = ServerAccount(os.geteuid(), os.getegid(), changed=False)
        command = ["/usr/sbin/haproxy", "-W", "-db", "-f", str(machine), "-f", str(config)]
        shown = {**os.environ, **environ}
        self.process = LabProcess("haproxy", command, folder / "haproxy.log", shown, ours)

    def start(self) -> None:
        """Start it."""
        self.process.start()

    def stop(self) -> None:
        """End it."""
        self.process.stop()


class DatabaseDoor(LabHaproxy):
    """Listens on a loopback `port` and leads to the primary; `replica_port` to the standbys."""

    def __init__(self, folder: Path) -> None:
        self.port, self.replica_port = free_port(), free_port()
        ports = {
            "INTERLUDE_DATABASE_PORT": str(self.port),
            "INTERLUDE_REPLICA_PORT": str(self.replica_port),
        }
        super().__init__(folder, DATABASE, **ports)


def with_ports(text: str, ports: Mapping[str, int]) -> str:
    """A text of the guide's in which these ports are other ones."""
    for port, real in ports.items():
        text = re.sub(rf"(?<![\w.-]){port}(?![\w.-])", str(real), text)
    return text


def servers(admin: Path, backend: str) -> dict[str, tuple[str, int]]:
    """The servers of a backend: what HAProxy thinks of each, and requests that it was given.

    Raises ``OSError`` while nobody answers at the socket.
    """
    with socket.socket(socket.AF_UNIX) as asked:
        asked.settimeout(5)
        asked.connect(str(admin))
        asked.sendall(b"show stat\n")
        answer = b"".join(iter(lambda: asked.recv(65_536), b"")).decode()
    return {
        row["svname"]: (row["status"].split()[0], int(row["stot"]))
        for row in csv.DictReader(answer.removeprefix("# ").splitlines())
        if row["pxname"] == backend and row["svname"] not in ("FRONTEND", "BACKEND")
    }
