"""What the service has taken from the machine, looked at every few seconds.

Memory is PSS: what processes share counts once, so that it adds up to what is gone. Of it that part
is watched for growth which no file holds (heaps and stacks): the share of the programs' files
changes with whoever else on the machine has them open, and the pool that PostgreSQL's processes
share fills up to its size and stays.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from time import monotonic
from typing import Final, NamedTuple

import psutil
import psycopg

from tests.production.beside import beside
from tests.production.lab.process import family
from tests.production.soak.service import SoakedService

EVERY_S: Final = 5.0
BYTES_A_KB, BYTES_A_MB = 1_024, 1_000_000
POSTGRESQL: Final = "PostgreSQL"
DRAWING: Final = "drawing"
CONNECTED: Final = """
SELECT usename AS role, count(*) AS n FROM pg_stat_activity
WHERE usename LIKE 'interlude%' AND backend_type = 'client backend' GROUP BY usename
"""
WAITING: Final = """
SELECT (SELECT count(*) FROM notifications
    WHERE state IN ('pending', 'sending', 'failed_temporarily')) AS unsent_pages,
  (SELECT count(*) FROM alerts WHERE status <> 'resolved') AS open_alerts,
  (SELECT count(*) FROM audit_entries WHERE seq IS NULL) AS unsealed_audit_entries
"""


class Quantity(NamedTuple):
    """What is counted, and whose."""

    what: str
    whose: str


PSS, MEMORY, FILES, THREADS = "MB, PSS", "MB, of no file", "open files", "threads"
CONNECTIONS, QUEUE = "connections", "waiting"


@dataclass(frozen=True, slots=True)
class Look:
    """Everything at one instant, in seconds since the first look."""

    at_s: float
    figures: Mapping[Quantity, float]


@dataclass
class Looks:
    """`roots`: further processes to look at, by name, beside those of the service."""

    service: SoakedService
    roots: Mapping[str, int]
    taken: list[Look] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """For the length of a block."""
        with beside(self._look_until):
            yield

    def write(self, file: Path) -> None:
        """One line a look, for whoever wants to fit it again."""
        names = sorted({name for look in self.taken for name in look.figures})
        with file.open("w", encoding="utf-8", newline="") as table:
            lines = csv.writer(table)
            lines.writerow(["seconds", *(f"{name.what}: {name.whose}" for name in names)])
            for look in self.taken:
                lines.writerow([f"{look.at_s:.1f}", *(look.figures.get(each, 0) for each in names)])

    def _look_until(self, stopping: Event) -> None:
        began = monotonic()
        while not stopping.wait(EVERY_S):
            try:
                self.taken.append(Look(monotonic() - began, self._now()))
            except (AssertionError, psycopg.Error) as error:
                self.failed.append(f"no look at {monotonic() - began:.0f} s: {error}")

    def _now(self) -> dict[Quantity, float]:
        found = Counter[Quantity]()
        for name, pid in {**self.service.first_processes(), **self.roots}.items():
            for process in family(pid):
                # One that draws a page may end meanwhile.
                with suppress(psutil.NoSuchProcess, OSError):
                    found.update(_of_process(process, _kind(name, process)))
        for row in self.service.rows(CONNECTED):
            found[Quantity(CONNECTIONS, row.role)] = row.n
        (queues,) = self.service.rows(WAITING)
        for name, count in queues._asdict().items():
            found[Quantity(QUEUE, name.replace("_", " "))] = count
        return dict(found)


def _kind(name: str, process: psutil.Process) -> str:
    """All workers are one kind; the processes that draw for the web are a kind of their own."""
    kind = name.partition(" ")[0] if name.startswith("worker") else name
    return DRAWING if kind == "web" and "loky" in " ".join(process.cmdline()) else kind


def _of_process(process: psutil.Process, kind: str) -> dict[Quantity, float]:
    memory = _megabytes(process.pid)
    return {
        Quantity(PSS, kind): memory["Pss"],
        Quantity(MEMORY, kind): memory["Pss_Anon"] + memory["SwapPss"],
        Quantity(FILES, kind): process.num_fds(),
        Quantity(THREADS, kind): process.num_threads(),
    }


def _megabytes(pid: int) -> dict[str, float]:
    """Each line of the kernel's own sum."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {
        name: int(value.split()[0]) * BYTES_A_KB / BYTES_A_MB
        for name, _, value in (line.partition(":") for line in lines)
    }
