"""One database node as `deploy/patroni` makes it: etcd, Patroni and the PostgreSQL that it runs."""

from __future__ import annotations

import http.client
import json
import os
import signal
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import psutil

from migrations.upgrade import PROJECT
from tests.production.lab.database import PASSWORD
from tests.production.lab.disk import SmallDisk
from tests.production.lab.network import Machine
from tests.production.lab.process import LabProcess, family, lab_account, send
from tests.production.lab.venv import environment

DEPLOYED: Final = PROJECT / "deploy" / "patroni"
SOURCES: Final = ("python-etcd", "ydiff")
# An hour's answers, and as much log as a node that is away may keep back (4 GB): the image is
# sparse, and what fills it takes no room.
DISK_MB: Final = 12_000
LEAST_MB: Final = 64
PASSWORDS: Final = ("SUPERUSER", "REPLICATION", "REWIND", "RESTAPI")
ASKED_WITHIN_S: Final = 3.0
# Patroni answers when the other node is the primary.
SWITCHED_WITHIN_S: Final = 60.0


def settings_of(name: str) -> dict[str, str]:
    """A file of variables of `deploy/patroni`, as systemd reads it."""
    lines = (DEPLOYED / name).read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {variable: value for variable, _, value in pairs}


@dataclass
class DatabaseNode:
    """A machine with its disk and its three programs; `folder` is passable for their account."""

    machine: Machine
    folder: Path
    _frozen: list[psutil.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        account, own = lab_account(), self.machine
        account.own(self.folder, passable=True)
        self.disk = SmallDisk(self.folder / "disk.ext4", self.folder / "disk", DISK_MB)
        self.data = self.disk.at / "data"
        inside = own.inside()
        patroni = str(environment("patroni", DEPLOYED / "requirements.txt", *SOURCES) / "patroni")
        self.etcd = LabProcess(
            f"etcd {own.name}",
            ["etcd"],
            self.folder / "etcd.log",
            self._environ(self._etcd_environ()),
            before=inside,
        )
        self.patroni = LabProcess(
            f"patroni {own.name}",
            [patroni, str(self.folder / "patroni.yml")],
            self.folder / "patroni.log",
            self._environ(self._patroni_environ()),
            before=inside,
        )
        watch = {"DATA": str(self.disk.at), "LEAST_MB": str(LEAST_MB), "AGAIN_AFTER_S": "60"}
        self.disk_watch = LabProcess(
            f"disk watch {own.name}",
            ["/bin/sh", str(self.folder / "leave-full-disk.sh")],
            self.folder / "disk-watch.log",
            self._environ(self._patroni_environ() | watch),
            before=inside,
        )

    def make(self) -> None:
        """Its disk, and the files that an operator copies, as they are."""
        for name in ("patroni.yml", "leave-full-disk.sh"):
            (self.folder / name).write_bytes((DEPLOYED / name).read_bytes())
        etcd = self.folder / "etcd"
        etcd.mkdir()
        lab_account().own(etcd)
        self.disk.mount()

    def start(self) -> None:
        """Start what does not run, as systemd would."""
        for program in (self.etcd, self.patroni, self.disk_watch):
            if not program.is_running:
                program.start()

    def stop(self) -> None:
        """End everything, also what is frozen."""
        self.thaw()
        self.disk_watch.stop()
        self.patroni.stop()
        self.kill_postgres()
        self.etcd.stop()
        self.disk.unmount()

    def postgres(self) -> list[psutil.Process]:
        """The processes of its PostgreSQL; none when it does not run."""
        try:
            return family(int((self.data / "postmaster.pid").read_text().split()[0]))
        except (OSError, ValueError, IndexError):
            return []

    def kill_postgres(self) -> None:
        """SIGKILL for all of PostgreSQL's processes."""
        send(self.postgres(), signal.SIGKILL)

    def kill_database(self) -> None:
        """SIGKILL for PostgreSQL and for Patroni, which would start it again; etcd goes on."""
        self.patroni.kill()
        self.kill_postgres()

    def kill(self) -> None:
        """The machine loses power."""
        self.kill_database()
        self.disk_watch.kill()
        self.etcd.kill()

    def freeze(self, *, also_patroni: bool = False) -> None:
        """SIGSTOP: connections stay open, and nobody answers."""
        if also_patroni:
            self.patroni.freeze()
        self._frozen = self.postgres()
        send(self._frozen, signal.SIGSTOP)

    def thaw(self) -> None:
        """All of it goes on as if nothing had been."""
        # Also those whose postmaster was killed meanwhile: they see it only now.
        send(self._frozen, signal.SIGCONT)
        self._frozen = []
        if self.patroni.is_running:
            self.patroni.thaw()

    def is_primary(self) -> bool:
        """Does it say so of itself, with the leader's lock?"""
        try:
            self.ask("/primary")
        except (OSError, http.client.HTTPException, ValueError):
            return False
        return True

    def switch_over_to(self, name: str) -> None:
        """Hand over to another node in good order; raises ``OSError`` when that is refused."""
        body = {"leader": self.machine.name, "candidate": name}
        self.ask("/switchover", "POST", body, within_s=SWITCHED_WITHIN_S)

    def ask(
        self,
        path: str,
        method: str = "GET",
        body: Any = None,
        within_s: float = ASKED_WITHIN_S,
    ) -> Any:
        """Patroni's answer; raises ``OSError`` when there is none, or it is a refusal."""
        url = f"http://{self.machine.address}:8008{path}"
        content = None if body is None else json.dumps(body).encode()
        request = Request(url, content, _authorised(), method=method)
        with urlopen(request, timeout=within_s) as answer:  # noqa: S310 -- the same
            text = answer.read().decode()
        return json.loads(text) if text.startswith(("{", "[")) else text

    def _environ(self, own: dict[str, str]) -> dict[str, str]:
        return {**os.environ, "HOME": str(self.folder), **own}

    def _etcd_environ(self) -> dict[str, str]:
        clients, peers = (f"http://{self.machine.address}:{port}" for port in (2379, 2380))
        return {
            **settings_of("etcd.env"),
            "ETCD_NAME": self.machine.name,
            "ETCD_LISTEN_PEER_URLS": peers,
            "ETCD_INITIAL_ADVERTISE_PEER_URLS": peers,
            "ETCD_LISTEN_CLIENT_URLS": clients,
            "ETCD_ADVERTISE_CLIENT_URLS": clients,
            "ETCD_DATA_DIR": str(self.folder / "etcd" / "data"),
        }

    def _patroni_environ(self) -> dict[str, str]:
        address = self.machine.address
        return {
            **settings_of("patroni.env"),
            **{f"PATRONI_{whose}_PASSWORD": PASSWORD for whose in PASSWORDS},
            "PATRONI_NAME": self.machine.name,
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{address}:8008",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{address}:5432",
            "PATRONI_POSTGRESQL_DATA_DIR": str(self.data),
        }


def _authorised() -> dict[str, str]:
    user = settings_of("patroni.env")["PATRONI_RESTAPI_USERNAME"]
    words = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {words}", "Content-Type": "application/json"}
