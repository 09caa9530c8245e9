"""Who is measured: the service of a tree as `make run` starts it, and its peers."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import jwt
import psycopg

from api.embedded.server import EmbeddedServer
from benchmarks.over_http import processes
from migrations.roles import AUDITOR, OWNER, SEALER, WORKER, libpq_url

PROJECT: Final = Path(__file__).resolve().parents[2]
PEERS: Final = PROJECT / "benchmarks" / "peers"
PEERS_PROGRAMS: Final = PROJECT / "var" / "peers" / "bin"
SEED: Final = Path(__file__).with_name("seed.py")
TIED: Final = PROJECT / "tools" / "tied.py"
# Also as older revisions of us are started.
SERVES: Final = re.compile(r" -m serve |/granian ")
UP_WITHIN_S: Final = 90.0
ENDS_WITHIN_S: Final = 20.0
LAST_LINES: Final = 20
# PostgreSQL names a session by its role.
SESSIONS_BY_THE_CLOCK: Final = tuple(
    f"postgres: {role} " for role in (WORKER, AUDITOR, SEALER, OWNER)
)
# Of peers that hold nobody's answers.
PEERS_SECRET: Final = "a peer of the benchmark signs with so many letters"  # noqa: S105 -- see above


@dataclass(frozen=True, slots=True)
class Cpu:
    """Seconds used so far. `front`: what buffers bodies before the application, none of a peer;
    `beside`: what runs by the clock.
    """

    application: float
    front: float
    database: float
    beside: float

    def since(self, before: Cpu) -> Cpu:
        """What was used between."""
        return Cpu(
            self.application - before.application,
            self.front - before.front,
            self.database - before.database,
            self.beside - before.beside,
        )


class Contender(ABC):
    """Something that answers on a port of this machine."""

    name: str
    port: int
    is_ours = False

    @property
    @abstractmethod
    def log(self) -> Path:
        """Where it writes."""

    @abstractmethod
    def tokens(self, who: str, count: int) -> list[str]:
        """So many different tokens of these people in turn."""

    def about(self, who: str) -> str:
        """The patient whom these people read about; empty for those who read of many."""
        del who
        return ""

    @abstractmethod
    def parts(self) -> tuple[list[int], list[int], list[int]]:
        """The processes of the application, of the database, and those that run by the clock."""

    def cpu(self) -> Cpu:
        """What it has used so far."""
        server, database, beside = self.parts()
        # The front is the event loop of each of our processes: the thread with which it began.
        front = processes.cpu_of_first_threads(server) if self.is_ours else 0.0
        application = processes.cpu(server) - front
        return Cpu(application, front, processes.cpu(database), processes.cpu(beside))

    def megabytes(self) -> float:
        """Memory of the server's processes; what they share counts once."""
        return processes.kilobytes(self.parts()[0]) / 1000

    def _wait_until_ready(self, path: str, process: subprocess.Popen[bytes]) -> None:
        """Until it answers, whatever it is but 5xx; raises `RuntimeError` when it does not."""
        deadline = time.monotonic() + UP_WITHIN_S
        while process.poll() is None and time.monotonic() < deadline:
            with suppress(OSError):
                if status_of(f"http://127.0.0.1:{self.port}{path}") < 500:
                    return
            time.sleep(0.1)
        raise self.failed("does not answer")

    def failed(self, how: str) -> RuntimeError:
        """With the last that it wrote: the folder goes with us."""
        last = self.log.read_text(errors="replace").splitlines()[-LAST_LINES:]
        return RuntimeError("\n".join([f"{self.name} {how}:", *last]))


@dataclass
class Interlude(Contender):
    """`make run` of one tree, with a database of its own and without the demo."""

    name: str
    tree: Path
    folder: Path
    port: int
    whom: dict[str, str] = field(default_factory=dict)
    is_ours = True

    def start(self, stack: ExitStack) -> None:
        """Begin; the stack ends it."""
        command = [sys.executable, "-m", "tools.supervisor"]
        self._supervisor = stack.enter_context(self._running(command))

    def fill(self, stack: ExitStack, sizes: Mapping[str, Any]) -> None:
        """Begin to fill its database as soon as it answers; `settle` waits for the end of it."""
        self._wait_until_ready("/readyz", self._supervisor)
        seed = [sys.executable, "-P", str(SEED), json.dumps(sizes)]
        path = {"PYTHONPATH": str(self.tree)}
        self._seed = stack.enter_context(self._running(seed, path, talks=True))

    def settle(self) -> None:
        """Wait until it is filled."""
        self.whom = self._next_line()

    def _running(
        self, command: list[str], more: Mapping[str, str] = {}, *, talks: bool = False
    ) -> AbstractContextManager[subprocess.Popen[bytes]]:
        return running(command, self._environ() | more, self.tree, self.log, talks=talks)

    @property
    def log(self) -> Path:
        """The supervisor's and the seed's."""
        return self.folder / "log"

    def _environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if "INTERLUDE_" not in name}
        own = {"DATA_DIR": str(self.folder / "data"), "PORT": str(self.port), "DEMO": "0"}
        return kept | {f"INTERLUDE_{name}": value for name, value in own.items()}

    def tokens(self, who: str, count: int) -> list[str]:
        """Signed in its tree, with its key."""
        assert self._seed.stdin is not None
        self._seed.stdin.write(json.dumps({"who": who, "count": count}).encode() + b"\n")
        self._seed.stdin.flush()
        found: list[str] = self._next_line()
        return found

    def about(self, who: str) -> str:
        """As the seed has named them."""
        return self.whom.get(who, "")

    def _next_line(self) -> Any:
        assert self._seed.stdout is not None
        line = self._seed.stdout.readline()
        if not line:
            raise self.failed("could not be filled")
        return json.loads(line)

    def parts(self) -> tuple[list[int], list[int], list[int]]:
        """The server's processes, PostgreSQL's, and the supervisor with its other children and the
        sessions of the database that serve these.
        """
        all_of_it = processes.tree(self._supervisor.pid)
        server = [one for one in all_of_it if SERVES.search(processes.words_of(one))]
        postmaster = self.folder / "data" / "postgres" / "postmaster.pid"
        database = processes.tree(int(postmaster.read_text().split()[0]))
        by_the_clock = {
            one for one in database if processes.words_of(one).startswith(SESSIONS_BY_THE_CLOCK)
        }
        beside = [one for one in all_of_it if one not in server]
        return (
            server,
            [one for one in database if one not in by_the_clock],
            [*beside, *by_the_clock],
        )


@dataclass
class Peer(Contender):
    """What a user would write instead, as its community serves it."""

    name: str
    module: str
    command: list[str]
    server: EmbeddedServer
    folder: Path
    port: int
    patients: list[UUID] = field(default_factory=list)

    def start(self, stack: ExitStack, patients: int) -> None:
        """Begin, with its tables in a database of its own; the stack ends it."""
        database = self.module.replace("/", "_")
        admin = libpq_url(self.server.url("postgres", "postgres"))
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {database}".encode())
        url = libpq_url(self.server.url("postgres", database))
        self.patients = [uuid4() for _ in range(patients)]
        schema = (PEERS / self.module).parent / "schema.sql"
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(schema.read_bytes())
            connection.execute("SELECT fill(%s)", (self.patients,))
            connection.execute("VACUUM ANALYZE")
        words = [one.format(port=self.port) for one in self.command]
        own = {"PEER_DATABASE_URL": url, "PEER_SECRET": PEERS_SECRET}
        place = (PEERS / self.module).parent
        words[0] = str(PEERS_PROGRAMS / words[0])
        self._process = stack.enter_context(running(words, os.environ | own, place, self.log))

    def settle(self) -> None:
        """Wait until it answers."""
        self._wait_until_ready("/", self._process)

    @property
    def log(self) -> Path:
        """Its server's."""
        return self.folder / f"{self.module.replace('/', '_')}.log"

    def tokens(self, who: str, count: int) -> list[str]:
        """Signed as they all sign: HS256 with one secret."""
        del who
        turns, now = cycle(self.patients), datetime.now(UTC)
        until = int((now + timedelta(minutes=15)).timestamp())
        return [
            jwt.encode({"sub": str(next(turns)), "exp": until, "jti": str(uuid4())}, PEERS_SECRET)
            for _ in range(count)
        ]

    def parts(self) -> tuple[list[int], list[int], list[int]]:
        """The server's processes and PostgreSQL's."""
        postmaster = int((self.server.data / "postmaster.pid").read_text().split()[0])
        return processes.tree(self._process.pid), processes.tree(postmaster), []


@contextmanager
def running(
    command: list[str], environ: Mapping[str, str], place: Path, log: Path, *, talks: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A command in a process group of its own, which ends with the block and with this process."""
    tied = [sys.executable, "-P", str(TIED), str(os.getpid()), *command]
    pipe = subprocess.PIPE if talks else None
    with log.open("ab") as output:
        process = subprocess.Popen(
            tied,
            env=dict(environ),
            cwd=place,
            stdin=pipe or subprocess.DEVNULL,
            stdout=pipe or output,
            stderr=output,
            process_group=0,
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN_S)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status_of(url: str) -> int:
    """How a GET is answered; raises `OSError` when it is not."""
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def free_port() -> int:
    """A loopback port that nobody has right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
