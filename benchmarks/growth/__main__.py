"""`python -m benchmarks.growth [--check-ins N ...] [--upgrade-from REVISION] [--write]`: each
workload at each size, and how long an upgrade of the largest holds up who posts.

10 thousand and 1 million check-ins take some minutes; 10 million (`--check-ins 10000 10100000`)
half an hour and 30 GB; twice as much is asked for first. One database, which grows and is dropped
here. The plans of the largest size are kept in `var/growth/plans.txt`.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import psycopg
from flask import Flask
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from benchmarks.bench import Bench, Sizes, admin_url_of, load, shown_progress
from benchmarks.check_ins import check_in_call
from benchmarks.growth.filling import PATIENTS_A_CLINIC, clinics_for, grow, stored
from benchmarks.growth.plans import Ways, ways_of
from benchmarks.growth.upgrading import Upgraded, upgraded
from benchmarks.growth.workloads import Workload, as_role, workloads_of
from benchmarks.page import PAGE, put
from benchmarks.people import Past, give_past
from benchmarks.world import own_database
from migrations.roles import AUDITOR, WORKER
from services.alerts.monitors.silence import silent_patients
from services.clock import utcnow
from services.watch.run import look, record
from tests.builders.world import ClinicWorld, Person, World

SIZES: Final = (10_000, 1_000_000)
BYTES_A_CHECK_IN: Final = 2_900
PLANS: Final = Path("var/growth/plans.txt")
WRITERS: Final = 8
GROWS_AT_MOST: Final = 1.2
A_LEVEL_DEEPER: Final = 20
# The auditor takes as seen what was settled at the look before the last.
LOOKED: Final = 3
WIDTH: Final = 220


@dataclass(frozen=True, slots=True)
class Seen:
    """One workload at one size; `each`: how many things it looked at."""

    name: str
    check_ins: int
    best: float
    p50: float
    ways: Ways
    each: int = 1

    @property
    def words(self) -> str:
        """Its figures."""
        of = f" for {self.each:,}" if self.each > 1 else ""
        return f"{self.p50:.2f} ({self.best:.2f}), {self.ways.blocks:,}{of}"


@dataclass(frozen=True, slots=True)
class Grown:
    """One workload at the smallest and at the largest size; where it had more to look at, what is
    said is of one thing.
    """

    first: Seen
    last: Seen

    @property
    def times(self) -> float:
        """How many times as long its best call takes."""
        return self.last.best / self.first.best / self._more

    @property
    def blocks(self) -> float:
        """How many times as many blocks it reads."""
        return self.last.ways.blocks / max(self.first.ways.blocks, 1) / self._more

    @property
    def is_flat(self) -> bool:
        """Whether it reads hardly more: an index may be a level deeper."""
        more = self.last.ways.blocks / self._more - self.first.ways.blocks
        return self.blocks <= GROWS_AT_MOST or more <= A_LEVEL_DEEPER

    @property
    def _more(self) -> float:
        return self.last.each / self.first.each


@dataclass(frozen=True, slots=True)
class Growth:
    """Everything that was seen. `sizes` were asked for; `stored`: how many check-ins the largest
    had. `facts`: how much there was, and how long it took to make.
    """

    sizes: Sequence[int]
    stored: int
    seen: Sequence[Seen]
    facts: Sequence[str]
    upgraded: Upgraded | None

    @property
    def lines(self) -> list[tuple[str, ...]]:
        """The table."""
        return table_of(self.seen, self.sizes)

    @property
    def grown(self) -> dict[str, Grown]:
        """How each workload grew, by its name."""
        found = dict[str, Grown]()
        for one in self.seen:
            found[one.name] = Grown(found[one.name].first if one.name in found else one, one)
        return found

    @property
    def sentences(self) -> list[str]:
        """What stands beside it."""
        return [*self.facts, *([] if self.upgraded is None else [self.upgraded.words()])]


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; no figure of a shared machine is a reason to fail."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("growth", description=__doc__, formatter_class=shape)
    parser.add_argument("--check-ins", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--upgrade-from", default="", help="the migration of the release before")
    parser.add_argument("--write", action="store_true", help="also into docs/benchmarks.md")
    given = parser.parse_args(arguments)
    with shown_progress() as progress:
        growth = measure(given.check_ins, given.calls, given.upgrade_from, progress)
    show(growth.lines, growth.sentences)
    if given.write:
        put(PAGE, "growth", markdown(growth.lines, growth.sentences))
    return 0


def measure(
    check_ins: Sequence[int],
    calls: int,
    upgrade_from: str = "",
    progress: Progress | None = None,
    tell: Callable[[str], object] = bool,
    more_versions: Sequence[Path] = (),
) -> Growth:
    """Each workload at each of these sizes, each told before it is tried; then the upgrade of the
    largest, to the newest migration and those in the folders `more_versions`.

    Raises `SystemExit` when the disk is too small.
    """
    sizes = sorted(check_ins)
    refuse_small_disk(sizes[-1])
    before, seen, facts = load(), list[Seen](), list[str]()
    with own_database() as app:
        bench = Bench(app, admin_url_of(app), Sizes(calls=calls, rounds=3), progress)
        clinics, staff, writers = people_of(bench, sizes[-1])
        workloads = workloads_of(bench, clinics[0], staff, writers)
        gc.freeze()
        for size in sizes:
            tell(f"filling {size:,} check-ins")
            rows, words = filled(bench, clinics, size)
            facts += words
            for one in workloads:
                tell(f"{one.name}, {size:,} check-ins")
                seen.append(measured(bench, one, size))
        keep_plans([one for one in seen if one.check_ins == sizes[-1]])
        changed = None
        if upgrade_from:
            tell(f"back to {upgrade_from} and up again")
            people = [(clinics[0].id, one.patient_id) for one in writers]
            changed = upgraded(bench.app, bench.app_url, upgrade_from, people, more_versions)
    facts.append(f"Load averages before and after: {before}; {load()}")
    return Growth(sizes, rows, seen, facts, changed)


def fitting() -> int:
    """How many check-ins half of the free disk holds."""
    return shutil.disk_usage(tempfile.gettempdir()).free // 2 // BYTES_A_CHECK_IN


def refuse_small_disk(check_ins: int) -> None:
    """Raise `SystemExit` when the disk has not twice what is needed."""
    if check_ins > fitting():
        needed = check_ins * BYTES_A_CHECK_IN
        free = shutil.disk_usage(tempfile.gettempdir()).free
        raise SystemExit(
            f"{check_ins:,} check-ins take {needed / 1e9:.0f} GB; {free / 1e9:.0f} are free"
        )


def people_of(bench: Bench, check_ins: int) -> tuple[list[ClinicWorld], Person, list[Person]]:
    """All clinics that there will be, and who is measured in the first of them: one of its staff,
    and patients with a past.
    """
    world = World(bench.app, now=utcnow())
    with bench.steps("clinics", clinics_for(check_ins)) as done:
        clinics = list[ClinicWorld]()
        for _ in range(clinics_for(check_ins)):
            clinics.append(world.clinic())
            done(1)
    staff, writers = clinics[0].staff(), [clinics[0].patient() for _ in range(WRITERS)]
    for seed, one in enumerate(writers):
        give_past(clinics[0], one, staff, Past(), bench.admin_url, seed)
    # What is decided about their answers now, is what the rows to come will say was decided.
    check_in_call(writers, "phq9-daily")()
    return clinics, staff, writers


def filled(bench: Bench, clinics: Sequence[ClinicWorld], size: int) -> tuple[int, list[str]]:
    """Grow to a size; how many check-ins that is, and in words how large and how fast it came."""
    fresh = [one.id for one in clinics[: clinics_for(size)]]
    with psycopg.connect(bench.admin_url, autocommit=True) as connection:
        before, _ = stored(connection)
        began = time.perf_counter()
        with bench.steps(f"{size:,} check-ins", size) as done:
            grow(connection, fresh, size, done)
        seconds = time.perf_counter() - began
        _have_looked(bench.app)
        connection.execute("VACUUM ANALYZE")
        rows, megabytes = stored(connection)
    rate, patients = (rows - before) / seconds, len(fresh) * PATIENTS_A_CLINIC
    return rows, [
        f"{rows:,} check-ins of {patients:,} patients in {len(fresh)} clinics: {megabytes:,} MB",
        f"The last {rows - before:,} of them, with contents, decisions and ids, came in"
        f" {seconds:.0f} s: {rate:,.0f} a second. Extrapolated, not measured: 60 minutes hold"
        f" {3600 * rate / 1e6:.0f} million, 40 GB {40_000 / megabytes * rows / 1e6:.0f} million",
    ]


def _have_looked(app: Flask) -> None:
    """Monitor and auditor, as they have for years: what a first look costs is paid."""
    with as_role(app, WORKER).app_context():
        list(silent_patients(datetime.now(UTC) - timedelta(days=1)))
    with as_role(app, AUDITOR).app_context():
        for _ in range(LOOKED):
            record(look(datetime.now(UTC)))


def measured(bench: Bench, workload: Workload, size: int) -> Seen:
    """Its times and ways now."""
    found = bench.best(f"{workload.name}, {size:,}", workload.call)
    ways = ways_of(workload.call, workload.url, workload.clinic_id)
    each = 1 if workload.each is None else max(1, workload.each())
    return Seen(workload.name, size, found.best, found.p50, ways, each)


def keep_plans(seen: Sequence[Seen], file: Path = PLANS) -> None:
    """Each statement of each workload with its plan, for whoever wants to read them."""
    file.parent.mkdir(parents=True, exist_ok=True)
    chapters = [f"== {one.name}, {one.check_ins:,} check-ins\n" for one in seen]
    parts = ["\n\n".join((head, *one.ways.plans)) for head, one in zip(chapters, seen, strict=True)]
    file.write_text("\n\n\n".join(parts) + "\n")


def table_of(seen: Sequence[Seen], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """A row a workload: its times at each size, how much it grew, and its ways at the largest."""
    rows = []
    for name in dict.fromkeys(one.name for one in seen):
        mine = [one for one in seen if one.name == name]
        found = Grown(mine[0], mine[-1])
        verdicts = (
            f"{found.times:.2f} x {_word(found.times <= GROWS_AT_MOST)}",
            f"{found.blocks:.2f} x {_word(found.is_flat)}",
        )
        rows.append((name, *(one.words for one in mine), *verdicts, mine[-1].ways.words))
    heads = [f"{size:,}: p50 (best) ms, blocks read" for size in sizes]
    return [("what", *heads, "best grew", "blocks grew", "ways at the largest size"), *rows]


def _word(good: bool) -> str:
    return "met" if good else "MISSED"


def show(lines: Sequence[tuple[str, ...]], facts: Sequence[str]) -> None:
    """The table on the terminal."""
    console = Console()
    table = Table(*lines[0])
    for line in lines[1:]:
        table.add_row(*line)
    wide = console if console.is_terminal else Console(width=WIDTH)
    wide.print(table)
    for fact in facts:
        wide.print(f"{fact}.")


def markdown(lines: Sequence[tuple[str, ...]], facts: Sequence[str]) -> str:
    """The table for `docs/benchmarks.md`."""
    rows = [f"| {' | '.join(line)} |" for line in lines]
    rule = "|" + "---|" * len(lines[0])
    return "\n".join([*(f"- {fact}." for fact in facts), "", rows[0], rule, *rows[1:]])


if __name__ == "__main__":
    sys.exit(main())
