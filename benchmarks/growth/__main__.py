"""`python -m benchmarks.growth [--check-ins N ...] [--write]`: each workload at each size.

10 thousand and 1 million check-ins take some minutes; 10 million (`--check-ins 10000 10000000`) an
hour and 15 GB, which are asked for first. One database, which grows and is dropped here.
"""

from __future__ import annotations

import argparse
import gc
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import cycle
from typing import Any, Final
from uuid import UUID

import psycopg
from flask import Flask
from rich.console import Console
from rich.table import Table
from sqlalchemy import make_url

from api import create_app
from benchmarks.bench import Bench, Sizes, admin_url_of, load, shown_progress
from benchmarks.check_ins import check_in_call
from benchmarks.growth.filling import PATIENTS_A_CLINIC, clinics_for, grow, stored
from benchmarks.growth.plans import Ways, ways_of
from benchmarks.page import PAGE, put
from benchmarks.people import Past, give_past
from benchmarks.trend import trend_call
from benchmarks.world import own_database
from migrations.roles import WORKER, libpq_url
from services.alerts.delivery.claiming import channels_with_a_page
from services.alerts.monitors.follow_up import missed_follow_ups
from services.alerts.monitors.silence import silent_patients
from services.clock import utcnow
from tests.builders.world import ClinicWorld, Person, World

SIZES: Final = (10_000, 1_000_000)
BYTES_A_CHECK_IN: Final = 1_500
WRITERS: Final = 8
GROWS_AT_MOST: Final = 1.2
WIDTH: Final = 220


@dataclass(frozen=True, slots=True)
class Workload:
    """What is called, as which role, in whose name."""

    name: str
    call: Callable[[], object]
    url: str
    clinic_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """One workload at one size."""

    name: str
    check_ins: int
    best: float
    p50: float
    ways: Ways


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; no figure of a shared machine is a reason to fail."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("growth", description=__doc__, formatter_class=shape)
    parser.add_argument("--check-ins", type=int, nargs="+", default=list(SIZES))
    parser.add_argument("--calls", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="also into docs/benchmarks.md")
    given = parser.parse_args(arguments)
    sizes = sorted(given.check_ins)
    refuse_small_disk(sizes[-1])
    before, seen = load(), list[Seen]()
    facts = list[str]()
    with own_database() as app, shown_progress() as progress:
        bench = Bench(app, admin_url_of(app), Sizes(calls=given.calls, rounds=3), progress)
        clinic, workloads = people_of(bench, sizes[-1])
        gc.freeze()
        for size in sizes:
            facts.append(filled(bench, clinic, size))
            seen += [measured(bench, one, size) for one in workloads]
    facts.append(f"Load averages before and after: {before}; {load()}")
    lines = table_of(seen, sizes)
    show(lines, facts)
    if given.write:
        put(PAGE, "growth", markdown(lines, facts))
    return 0


def refuse_small_disk(check_ins: int) -> None:
    """Raise `SystemExit` when the disk has not twice what is needed."""
    free, needed = shutil.disk_usage(tempfile.gettempdir()).free, check_ins * BYTES_A_CHECK_IN
    if free < 2 * needed:
        raise SystemExit(
            f"{check_ins:,} check-ins take {needed / 1e9:.0f} GB; {free / 1e9:.0f} are free"
        )


def people_of(bench: Bench, check_ins: int) -> tuple[list[ClinicWorld], list[Workload]]:
    """All clinics that there will be, and what is measured in the first of them."""
    world = World(bench.app, now=utcnow())
    with bench.steps("clinics", clinics_for(check_ins)) as done:
        clinics = list[ClinicWorld]()
        for _ in range(clinics_for(check_ins)):
            clinics.append(world.clinic())
            done(1)
    staff, writers = clinics[0].staff(), [clinics[0].patient() for _ in range(WRITERS)]
    for seed, one in enumerate(writers):
        give_past(clinics[0], one, staff, Past(), bench.admin_url, seed)
    return clinics, workloads_of(bench, clinics[0], staff, writers)


def workloads_of(
    bench: Bench, clinic: ClinicWorld, staff: Person, writers: Sequence[Person]
) -> list[Workload]:
    """What patients, staff and the clock do all day."""
    worker = worker_of(bench.app)
    worker_url = libpq_url(worker.config["SQLALCHEMY_DATABASE_URI"])

    def as_worker(ask: Callable[[datetime], Any]) -> Callable[[], object]:
        def call() -> object:
            with worker.app_context():
                return list(ask(datetime.now(UTC)))

        return call

    mine: dict[str, Any] = {"url": bench.app_url, "clinic_id": clinic.id}
    return [
        Workload("check-in phq9-daily, treated", check_in_call(writers, "phq9-daily"), **mine),
        Workload("trend JSON of a year", trend_call(staff, writers[0], "phq9-daily"), **mine),
        Workload("bootstrap of a phone", get_call(writers, "/v1/bootstrap"), **mine),
        Workload("caseload, first 50 of 500", get_call([staff], "/v1/patients?limit=50"), **mine),
        Workload("caseload, 500", get_call([staff], "/v1/patients?limit=500"), **mine),
        Workload("open alerts", get_call([staff], "/v1/alerts"), **mine),
        Workload("poll: who is silent", as_worker(silent_patients), worker_url),
        Workload("poll: who had no contact", as_worker(missed_follow_ups), worker_url),
        Workload(
            "poll: which channel has a page",
            as_worker(lambda now: channels_with_a_page(["smtp", "webhook"], now)),
            worker_url,
        ),
    ]


def worker_of(app: Flask) -> Flask:
    """The same database as the alert worker sees it."""
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(username=WORKER)
    given = app.config["INTERLUDE"]
    whole = url.render_as_string(hide_password=False)
    return create_app(replace(given, worker_database_url=whole), role="worker")


def get_call(people: Sequence[Person], path: str) -> Callable[[], object]:
    """A read by the next of these people."""
    client = people[0].app.test_client()
    turns = cycle([one.headers for one in people])

    def call() -> None:
        assert client.get(path, headers=next(turns)).status_code == 200

    return call


def filled(bench: Bench, clinics: Sequence[ClinicWorld], size: int) -> str:
    """Grow to a size, let the monitor look at everybody once, and say how large that is."""
    fresh = [one.id for one in clinics[: clinics_for(size)]]
    with psycopg.connect(bench.admin_url, autocommit=True) as connection:
        with bench.steps(f"{size:,} check-ins", size) as done:
            grow(connection, fresh, size, done)
        worker = worker_of(bench.app)
        with worker.app_context():
            list(silent_patients(datetime.now(UTC) - timedelta(days=1)))
        connection.execute("VACUUM ANALYZE")
        rows, megabytes = stored(connection)
    patients = len(fresh) * PATIENTS_A_CLINIC
    return f"{rows:,} check-ins of {patients:,} patients in {len(fresh)} clinics: {megabytes:,} MB"


def measured(bench: Bench, workload: Workload, size: int) -> Seen:
    """Its times and ways now."""
    found = bench.best(f"{workload.name}, {size:,}", workload.call)
    ways = ways_of(workload.call, workload.url, workload.clinic_id)
    return Seen(workload.name, size, found.best, found.p50, ways)


def table_of(seen: Sequence[Seen], sizes: Sequence[int]) -> list[tuple[str, ...]]:
    """A row a workload: its times at each size, how much it grew, and its ways at the largest."""
    rows = []
    for name in dict.fromkeys(one.name for one in seen):
        mine = [one for one in seen if one.name == name]
        times = [f"{one.p50:.2f} ({one.best:.2f}), {one.ways.blocks:,}" for one in mine]
        grew = mine[-1].best / mine[0].best
        blocks = mine[-1].ways.blocks / max(mine[0].ways.blocks, 1)
        verdicts = (f"{grew:.2f} x {_word(grew)}", f"{blocks:.2f} x {_word(blocks)}")
        rows.append((name, *times, *verdicts, mine[-1].ways.names))
    heads = [f"{size:,}: p50 (best) ms, blocks read" for size in sizes]
    return [("what", *heads, "best grew", "blocks grew", "ways at the largest size"), *rows]


def _word(grew: float) -> str:
    return "met" if grew <= GROWS_AT_MOST else "MISSED"


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
