"""One database node as `deploy/patroni` makes it: etcd, Patroni and the PostgreSQL that it runs.

Its programs find its disk where an operator's do, and run as Debian's account of the database.
"""

from __future__ import annotations

import http.client
import json
import os
import pwd
import re
import shutil
import signal
from base64 import b64encode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.request import Request, urlopen

import psutil

from api.embedded.account import ServerAccount
from migrations.upgrade import PROJECT
from tests.fixtures.running import wait_until
from tests.production.lab.database import PASSWORD
from tests.production.lab.disk import SmallDisk
from tests.production.lab.network import Machine
from tests.production.lab.process import LabProcess, family, send, what_it_wrote
from tests.production.lab.venv import environment

DEPLOYED: Final = PROJECT / "deploy" / "patroni"
SOURCES: Final = ("python-etcd", "ydiff")
# An hour's answers, and as much log as a node that is away may keep back (4 GB): the image is
# sparse, and what fills it takes no room.
DISK_MB: Final = 12_000
LEAST_MB: Final = 64
PASSWORDS: Final = ("SUPERUSER", "REPLICATION", "REWIND", "RESTAPI")
# What stands in for the store that all nodes reach: a folder that they share.
STORE: Final = re.compile(r"repo1-type=s3\nrepo1-path=.*\n(?:repo1-s3-.*\n)+")
CIPHER_PASS: Final = "interlude-lab-backup"
# Where an operator's disk of the database is, on each node.
DATABASES: Final = "/var/lib/postgresql/15"
ON_ITS_DISK: Final = f'mount --bind "$0" {DATABASES} && exec "$@"'
UNITS: Final = ("etcd", "patroni", "leave-full-disk")
ENDED_WITHIN_S: Final = 60.0
ASKED_WITHIN_S: Final = 3.0
# Patroni answers when the other node is the primary.
SWITCHED_WITHIN_S: Final = 60.0


def read_settings(path: Path) -> dict[str, str]:
    """A file of variables, as systemd reads it."""
    lines = path.read_text(encoding="utf-8").splitlines()
    pairs = (line.partition("=") for line in lines if line and not line.startswith("#"))
    return {variable: value for variable, _, value in pairs}


def _database_account() -> ServerAccount:
    """Debian's, whom the database takes for its superuser on the node itself (`peer`)."""
    entry = pwd.getpwnam("postgres")
    return ServerAccount(entry.pw_uid, entry.pw_gid, changed=True)


@dataclass
class DatabaseNode:
    """A machine with its disk and its three programs; `folder` is passable for their account."""

    machine: Machine
    folder: Path
    _frozen: list[psutil.Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.account = _database_account()
        self.account.own(self.folder, passable=True)
        disk = self.folder / "disk"
        self.disk = SmallDisk(self.folder / "disk.ext4", disk, DISK_MB, self.account)
        self.data = self.disk.at / "interlude"
        self.programs = environment("patroni", DEPLOYED / "requirements.txt", *SOURCES)
        self.etcd = self._program("etcd", "etcd")
        patroni = str(self.programs / "patroni")
        self.patroni = self._program("patroni", patroni, str(self.folder / "patroni.yml"))
        watch = str(self.folder / "leave-full-disk.sh")
        self.disk_watch = self._program("disk watch", "/bin/sh", watch)

    def make(self) -> None:
        """Its disk, and the files that an operator copies; folders that a lab has elsewhere moved.

        Again: a new machine of the same name, which has nothing.
        """
        for name in ("patroni.yml", "leave-full-disk.sh", "archive-the-rest.sh"):
            (self.folder / name).write_text(self.here((DEPLOYED / name).read_text()))
            (self.folder / name).chmod(0o755)
        self._write("patroni.env", self._patroni_settings())
        self._write("etcd.env", self._etcd_settings())
        self._configure_pgbackrest()
        etcd = self.folder / "etcd"
        shutil.rmtree(etcd, ignore_errors=True)
        etcd.mkdir()
        self.account.own(etcd)
        self.disk.mount()

    def here(self, text: str) -> str:
        """A file or command of an operator's, with the lab's folders in it."""
        for theirs, ours in (
            ("/opt/patroni/bin/", f"{self.programs}/"),
            ("/opt/patroni/", f"{self.folder}/"),
            ("/etc/interlude/", f"{self.folder}/"),
            ("/etc/default/etcd", f"{self.folder}/etcd.env"),
            ("/var/lib/etcd/interlude", f"{self.folder}/etcd/data"),
        ):
            text = text.replace(theirs, ours)
        return text

    def run(self, *command: str) -> str:
        """An operator's command on this machine, as root, to its end; what it wrote.

        Raises:
            RuntimeError: it fails; with the end of what it wrote.
        """
        name = f"{self.machine.name}: {command[-1]}"
        return what_it_wrote(name, [*self._inside(), *command], self._environ({}))

    def backrest(self, *words: str) -> str:
        """pgBackRest on this machine, as the database's account."""
        as_postgres = ("runuser", "-u", "postgres", "--")
        return self.run(*as_postgres, "pgbackrest", "--stanza=interlude", *words)

    def start(self) -> None:
        """Start what does not run, as systemd would."""
        for unit in UNITS:
            self.start_unit(unit)

    def start_unit(self, unit: str) -> None:
        """One of `UNITS`, unless it runs; etcd's settings may have changed."""
        program = {"etcd": self.etcd, "patroni": self.patroni}.get(unit, self.disk_watch)
        if program.is_running:
            return
        if unit == "etcd":
            self.etcd.environ = self._environ(read_settings(self.folder / "etcd.env"))
        program.start()

    def stop_patroni(self) -> None:
        """As `systemctl stop`: it ends PostgreSQL in good order."""
        self.patroni.stop()
        wait_until(lambda: not self.postgres(), "PostgreSQL has ended", ENDED_WITHIN_S)

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

    def _program(self, name: str, *command: str) -> LabProcess:
        watch = {"DATA": str(self.disk.at), "LEAST_MB": str(LEAST_MB), "AGAIN_AFTER_S": "60"}
        return LabProcess(
            f"{name} {self.machine.name}",
            command,
            self.folder / f"{name.replace(' ', '-')}.log",
            self._environ(self._patroni_settings() | watch),
            self.account,
            self._inside(),
        )

    def _inside(self) -> list[str]:
        """On this machine, with its disk in its place."""
        return self.machine.inside("sh", "-c", ON_ITS_DISK, str(self.disk.at))

    def _environ(self, own: dict[str, str]) -> dict[str, str]:
        here = {"HOME": str(self.folder), "PGBACKREST_CONFIG": str(self.folder / "pgbackrest.conf")}
        return {**os.environ, **here, **own}

    def _write(self, name: str, settings: dict[str, str]) -> None:
        lines = (f"{variable}={value}\n" for variable, value in settings.items())
        (self.folder / name).write_text("".join(lines))

    def _configure_pgbackrest(self) -> None:
        """The operator's, but for where the store is."""
        text = (DEPLOYED / "pgbackrest.conf").read_text()
        shared = self.folder.parent / "store"
        text, stores = STORE.subn(f"repo1-type=posix\nrepo1-path={shared}\n", text)
        if stores != 1 or text.count("PUT-YOUR-OWN-HERE") != 1:
            raise AssertionError("the operator's configuration has another store")
        text = text.replace("PUT-YOUR-OWN-HERE", CIPHER_PASS)
        for kind in ("spool", "log"):
            text = text.replace(f"/var/{kind}/pgbackrest", str(self.folder / kind))
            (self.folder / kind).mkdir(exist_ok=True)
            self.account.own(self.folder / kind)
        shared.mkdir(exist_ok=True)
        self.account.own(shared)
        (self.folder / "pgbackrest.conf").write_text(text)

    def _etcd_settings(self) -> dict[str, str]:
        clients, peers = (f"http://{self.machine.address}:{port}" for port in (2379, 2380))
        return {
            **read_settings(DEPLOYED / "etcd.env"),
            "ETCD_NAME": self.machine.name,
            "ETCD_LISTEN_PEER_URLS": peers,
            "ETCD_INITIAL_ADVERTISE_PEER_URLS": peers,
            "ETCD_LISTEN_CLIENT_URLS": clients,
            "ETCD_ADVERTISE_CLIENT_URLS": clients,
            "ETCD_DATA_DIR": str(self.folder / "etcd" / "data"),
        }

    def _patroni_settings(self) -> dict[str, str]:
        address = self.machine.address
        return {
            **read_settings(DEPLOYED / "patroni.env"),
            **{f"PATRONI_{whose}_PASSWORD": PASSWORD for whose in PASSWORDS},
            "PATRONI_NAME": self.machine.name,
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{address}:8008",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{address}:5432",
        }


def _authorised() -> dict[str, str]:
    user = read_settings(DEPLOYED / "patroni.env")["PATRONI_RESTAPI_USERNAME"]
    words = b64encode(f"{user}:{PASSWORD}".encode()).decode()
    return {"Authorization": f"Basic {words}", "Content-Type": "application/json"}
