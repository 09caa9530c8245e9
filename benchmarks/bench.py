"""What every benchmark needs: an application, how often to call, and where its lines go."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import psycopg
from flask import Flask
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy import make_url

from benchmarks.world import Figures, measure
from migrations.roles import libpq_url


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured; the smallest sizes only show that the benchmark still runs."""

    calls: int = 100
    rounds: int = 5
    warm_up: int = 10
    long_years: int = 10
    patients: tuple[int, ...] = (1_000, 5_000, 10_000)
    neighbours: int = 40
    writers: int = 40
    caseload: int = 500


# Slow calls are made less often, so that a round takes about so many seconds.
ROUND_S: Final = 4.0
FEWEST_CALLS: Final = 10
SMALLEST: Final = Sizes(
    calls=1,
    rounds=1,
    warm_up=1,
    long_years=2,
    patients=(10, 20),
    neighbours=1,
    writers=1,
    caseload=3,
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `good` is whether the aim was met, None without an aim."""

    what: str
    seen: str
    aim: str = ""
    good: bool | None = None
    beside: str = ""


@dataclass
class Bench:
    """One database with its application; `admin_url` (libpq's form) is of its superuser."""

    app: Flask
    admin_url: str
    sizes: Sizes = field(default_factory=Sizes)
    progress: Progress | None = None

    def best(self, what: str, call: Callable[[], object]) -> Figures:
        """The round with the lowest median: on a busy machine the others tell of its load."""
        began = time.perf_counter()
        call()
        fitting = int(ROUND_S / (time.perf_counter() - began))
        calls = max(min(self.sizes.calls, fitting), min(self.sizes.calls, FEWEST_CALLS))
        warm_up = min(self.sizes.warm_up, calls)
        return self.best_of(what, lambda: measure(call, calls, warm_up))

    def best_of(self, what: str, measured: Callable[[], Figures]) -> Figures:
        """The same of rounds that measure by themselves."""
        with self.steps(what, self.sizes.rounds) as done:
            found = []
            for _ in range(self.sizes.rounds):
                found.append(measured())
                done(1)
        return min(found, key=lambda one: one.p50)

    def settle(self) -> None:
        """What the server does by itself a minute after many rows came in: count them."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    @property
    def app_url(self) -> str:
        """Of the role that serves, in libpq's form."""
        return libpq_url(self.app.config["SQLALCHEMY_DATABASE_URI"])

    @contextmanager
    def steps(self, what: str, total: int) -> Iterator[Callable[[int], object]]:
        """Progress of something long: call what is given with how many more steps are done."""
        if self.progress is None:
            yield lambda _steps: None
            return
        task = self.progress.add_task(what, total=total)
        progress = self.progress
        yield lambda steps: progress.advance(task, steps)


def admin_url_of(app: Flask) -> str:
    """The superuser of an embedded server: it asks for no password on its own socket."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(username="postgres")
    return libpq_url(url.render_as_string(hide_password=False))


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """On the real standard error, whatever takes the logs' place meanwhile."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = Console(file=sys.__stderr__)
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield progress


def ms(found: Figures) -> str:
    """The three figures in words."""
    return f"p50 {found.p50:.2f}, p95 {found.p95:.2f}, best {found.best:.2f} ms"


def under(what: str, found: Figures, limit_ms: float, beside: str = "") -> Line:
    """A line whose median should stay under so many milliseconds."""
    return Line(what, ms(found), f"p50 < {limit_ms:g} ms", found.p50 < limit_ms, beside)


def load() -> str:
    """The machine's load averages, as `uptime` says them."""
    return ", ".join(f"{one:.1f}" for one in os.getloadavg())


# Peers are measured when all of ours is: what they import would slow our garbage collection.
Later = Callable[[], Sequence[Line]]
Run = Callable[[Bench], Sequence[Line | Later]]


def run_all(runs: Sequence[Run], bench: Bench) -> list[Line]:
    """The lines of all benchmarks, each peer beside what it is compared with."""
    found = [one for run in runs for one in run(bench)]
    return [line for one in found for line in ([one] if isinstance(one, Line) else one())]
