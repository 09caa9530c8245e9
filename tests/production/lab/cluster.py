"""A private PostgreSQL cluster of Debian's version 15, without any right of root's.

with private_cluster(folder) as cluster:
    service_on(cluster.urls, folder / "data")
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import psycopg

from api.embedded.account import ServerAccount
from api.embedded.server import QUIET_LOG
from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from tests.fixtures.running import free_port, wait_until
from tests.production.lab.database import PASSWORD, PROGRAMS, SUPERUSER, make_database, urls_at
from tests.production.lab.process import LabProcess, lab_account, output_of
from tests.production.packages import need

UP_LIMIT_S: Final = 120.0
PACKAGE: Final = "postgresql-15"


@dataclass
class PostgresCluster:
    """One server in a folder of its own, on loopback, where every role needs its password.

    `settings` are PostgreSQL's, in its own words; durable as they ship. `files` is the name of its
    data directory there.
    """

    folder: Path
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    files: str = "data"

    def __post_init__(self) -> None:
        self.data = self.folder / self.files
        self.log = self.folder / "postgres.log"
        self.urls: DatabaseUrls = urls_at(self.port)
        self._process = LabProcess("PostgreSQL", self._command(), self.log)

    def make(self) -> None:
        """`initdb`; installs the package when it is missing."""
        need(PACKAGE)
        account = self._make_folder()
        password = self.folder / "password"
        password.write_text(PASSWORD)
        os.chown(password, account.uid, account.gid)
        words = [f"--pwfile={password}", "--auth=scram-sha-256", f"--username={SUPERUSER}"]
        words += ["--encoding=UTF8", "--locale=C.UTF-8", "--data-checksums", "-D", str(self.data)]
        output_of("initdb", [str(PROGRAMS / "initdb"), *words], {**os.environ, "LC_ALL": "C.UTF-8"})

    def copy(self, primary: PostgresCluster) -> None:
        """Instead of `make`: a hot standby that follows another one, which runs."""
        self._make_folder()
        words = ["-d", libpq_url(primary.urls.admin), "-D", str(self.data)]
        words += ["--write-recovery-conf", "--checkpoint=fast"]
        output_of("pg_basebackup", [str(PROGRAMS / "pg_basebackup"), *words], os.environ)

    def start(self) -> None:
        """Start it and wait until it lets somebody in: after a crash it first replays its log."""
        self._process.start()
        wait_until(self._lets_in, f"{self.log} says why no PostgreSQL is there", UP_LIMIT_S)

    def stop(self) -> None:
        """An orderly end: connections are cut, the last checkpoint is written."""
        self._process.stop(signal.SIGINT)

    def crash(self) -> None:
        """SIGKILL for all of its processes."""
        self._process.kill()

    def kill_postmaster(self) -> None:
        """SIGKILL for the postmaster alone: its processes end when they notice."""
        self._process.kill_first()

    def start_again(self) -> None:
        """Start it after its postmaster was killed: it refuses while any of the old is left."""
        deadline = time.monotonic() + UP_LIMIT_S
        while True:
            try:
                self.start()
            except AssertionError:
                if time.monotonic() > deadline:
                    raise
            else:
                return

    def freeze(self) -> None:
        """SIGSTOP for all of its processes."""
        self._process.freeze()

    def thaw(self) -> None:
        """Let them go on."""
        self._process.thaw()

    @property
    def is_running(self) -> bool:
        """Has it been started and not ended?"""
        return self._process.is_running

    @property
    def pid(self) -> int:
        """The postmaster's."""
        return self._process.pid

    def make_database(self) -> None:
        """Our roles, database and tables, by the project's own commands."""
        make_database(self.port, self.folder)

    def connect(self, database: str = "postgres") -> psycopg.Connection:
        """The superuser's connection, without transactions."""
        url = libpq_url(urls_at(self.port, database).admin)
        return psycopg.connect(url, autocommit=True, connect_timeout=5)

    def _make_folder(self) -> ServerAccount:
        account = lab_account()
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        account.own(self.folder, passable=True)
        return account

    def _command(self) -> list[str]:
        own = {
            **QUIET_LOG,
            "port": str(self.port),
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            **self.settings,
        }
        settings = [f"--{name}={value}" for name, value in own.items()]
        return [str(PROGRAMS / "postgres"), "-D", str(self.data), *settings]

    def _lets_in(self) -> bool:
        if not self._process.is_running:
            raise AssertionError(f"PostgreSQL ended: {self._process.last_lines()}")
        try:
            self.connect().close()
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def private_cluster(folder: Path, **settings: str) -> Iterator[PostgresCluster]:
    """A cluster with Interlude's empty, migrated database, for the length of a block."""
    cluster = PostgresCluster(folder, settings)
    cluster.make()
    cluster.start()
    try:
        cluster.make_database()
        yield cluster
    finally:
        cluster.stop()


@contextmanager
def standby_of(primary: PostgresCluster, folder: Path) -> Iterator[PostgresCluster]:
    """A hot standby of a cluster, for the length of a block."""
    standby = PostgresCluster(folder)
    standby.copy(primary)
    standby.start()
    try:
        yield standby
    finally:
        standby.stop()
