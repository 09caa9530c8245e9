"""A PostgreSQL server that is made of a backup, beside the real one, and thrown away again.

Nobody but this machine's account reaches it: no address, one socket in a folder of its own. It
archives nothing, so that the real archive does not learn of its timeline.
"""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from psycopg.pq import PGconn, Ping
from sqlalchemy import URL, make_url

from api.settings import Settings
from migrations.roles import APP, AUDITOR, WORKER

LOOK_S: Final = 0.2
STOP_S: Final = 60.0
GRAVE: Final = re.compile(r"\b(ERROR|FATAL|PANIC)\b")
# The socket's folder lets in its owner alone.
WHO_MAY: Final = "local all all trust\n"


class ScratchError(RuntimeError):
    """The backup cannot be restored or started; the message says how far it came."""


@dataclass(frozen=True, slots=True)
class Backrest:
    """How pgBackRest is called: its stanza, its configuration (None: Debian's place)."""

    stanza: str
    config: Path | None

    def command(self, *words: str) -> list[str]:
        """A command of it."""
        config = [f"--config={self.config}"] if self.config else []
        return ["pgbackrest", f"--stanza={self.stanza}", *config, *words]


class ScratchServer:
    """Restored into `folder`, which is made, or empty; gone after `close` unless it is to `keep`.

    `programs` is where PostgreSQL's own are; `account` who it runs as when this process is root's.
    Raises `ScratchError`.
    """

    def __init__(self, folder: Path, programs: Path, account: str, *, keep: bool) -> None:
        self.folder, self.data, self._programs = folder, folder / "data", programs
        self._keep, self._account = keep, _account(account) if os.geteuid() == 0 else None
        folder.mkdir(mode=0o700, exist_ok=True)
        if any(folder.iterdir()):
            raise ScratchError(f"{folder} is not empty")
        # A socket's path is short.
        self._socket = Path(tempfile.mkdtemp(prefix="interlude-"))
        self._process: subprocess.Popen[bytes] | None = None
        for made in (folder, self._socket):
            self._own(made)

    def restore(self, backrest: Backrest, to: str | None) -> None:
        """Fetch the newest backup, or the newest before `to`; raises `ScratchError`."""
        own = [f"--{name}-path={self.folder / name}" for name in ("lock", "log")]
        until = [] if to is None else ["--type=time", f"--target={to}", "--target-action=promote"]
        words = [f"--pg1-path={self.data}", *own, *until, "--archive-mode=off", "restore"]
        done = subprocess.run(  # noqa: S603 -- our own words
            self._as_account(backrest.command(*words)),
            capture_output=True,
            text=True,
            cwd="/",
            check=False,
        )
        if done.returncode:
            raise ScratchError(f"pgBackRest: {(done.stdout + done.stderr).strip()[-500:]}")

    def start(self, database: str, patience_s: float) -> None:
        """Start it and wait until it has replayed the archive; raises `ScratchError`."""
        for name, content in (("postgresql.conf", ""), ("pg_hba.conf", WHO_MAY)):
            (self.folder / name).write_text(content)
            self._own(self.folder / name)
        with (self.folder / "server.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 -- our own words
                self._as_account(self._server()), stdout=log, stderr=log, cwd="/"
            )
        deadline = time.monotonic() + patience_s
        while not self._is_ready(database):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise ScratchError(f"PostgreSQL: {self._last_lines()}")
            time.sleep(LOOK_S)

    def settings(self, real: Settings) -> Settings:
        """Those of the real service, with this server's database: every role but the owner's."""
        database = make_url(real.auditor_database_url).database or ""
        return replace(
            real,
            database_url=self._url(APP, database),
            worker_database_url=self._url(WORKER, database),
            auditor_database_url=self._url(AUDITOR, database),
            owner_database_url="",
            sealer_database_url="",
            admin_database_url="",
        )

    def close(self) -> None:
        """Stop it, and take its files away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(STOP_S)
            self._process.kill()
            self._process.wait()
        shutil.rmtree(self._socket, ignore_errors=True)
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    def _server(self) -> Sequence[str]:
        own: dict[str, Any] = {
            "config_file": self.folder / "postgresql.conf",
            "hba_file": self.folder / "pg_hba.conf",
            "listen_addresses": "",
            "unix_socket_directories": self._socket,
            "archive_mode": "off",
            # Its unit lets no memory be written and run.
            "jit": "off",
            # Else it would need as much room for connections as the real one has.
            "hot_standby": "off",
        }
        words = [f"--{name}={value}" for name, value in own.items()]
        return [str(self._programs / "postgres"), "-D", str(self.data), *words]

    def _as_account(self, command: Sequence[str]) -> list[str]:
        """The command as the account, ended when this process ends."""
        who = []
        if self._account is not None:
            who = [f"--reuid={self._account.pw_uid}", f"--regid={self._account.pw_gid}"]
            who.append("--init-groups")
        return ["setpriv", *who, "--pdeathsig=INT", "--", *command]

    def _own(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid)

    def _is_ready(self, database: str) -> bool:
        """Does it take connections: has it replayed all?"""
        url = self._url(AUDITOR, database, driver="postgresql")
        return PGconn.ping(url.encode()) == Ping.OK

    def _url(self, role: str, database: str, driver: str = "postgresql+psycopg") -> str:
        where = {"host": str(self._socket)}
        url = URL.create(driver, username=role, database=database, query=where)
        return url.render_as_string(hide_password=False)

    def _last_lines(self) -> str:
        with suppress(OSError):
            lines = (self.folder / "server.log").read_text(errors="replace").splitlines()
            grave = [line for line in lines if GRAVE.search(line)]
            return "\n".join((grave or lines)[-8:])
        return ""


def _account(name: str) -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(name)
    except KeyError as error:
        raise ScratchError(f"there is no account {name} on this machine") from error
