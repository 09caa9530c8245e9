"""`python -m benchmarks.growth.footprint [--calls N] [--audited N]`: what a call leaves.

Bytes on disk with indexes and bytes of the log, of real calls of patients in treatment; and how
long the auditor's whole run takes for each check-in that is there. `tools/scale` computes with
them. Bytes are counted: no load of the machine changes them.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import psycopg
from rich.console import Console
from sqlalchemy import make_url

from api.cli.audit import working_as
from benchmarks.bench import Bench, Sizes, admin_url_of, load, shown_progress
from benchmarks.check_ins import check_in_call
from benchmarks.growth.filling import clinics_for, grow
from benchmarks.growth.workloads import get_call
from benchmarks.people import Past, people_with_a_past
from benchmarks.world import a_clinic, own_database
from migrations.roles import AUDITOR
from services.clock import utcnow
from services.watch.run import look
from tests.builders.world import World

PATIENTS: Final = 40
ROUNDS: Final = 3
STORED: Final = """
SELECT c.relname, pg_total_relation_size(c.oid) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""
LOG: Final = "SELECT pg_current_wal_insert_lsn() - '0/0', wal_fpi FROM pg_stat_wal"


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser("footprint", description=__doc__)
    parser.add_argument("--calls", type=int, default=3_000)
    parser.add_argument("--audited", type=int, default=200_000)
    given = parser.parse_args(arguments)
    console = Console()
    with own_database() as app, shown_progress() as progress:
        bench = Bench(app, admin_url_of(app), Sizes(), progress)
        facts = [*left_behind(bench, given.calls), audited(bench, given.audited), f"load {load()}"]
    for fact in facts:
        console.print(fact)
    return 0


def left_behind(bench: Bench, count: int) -> Iterator[str]:
    """What so many posts have left, and so many reads: each is recorded."""
    clinic = a_clinic(bench.app)
    staff = clinic.staff()
    people = people_with_a_past(bench, clinic, staff, PATIENTS, Past())
    calls = {
        "check-in": check_in_call(people, "phq9-daily"),
        "read by its patient": get_call(people, "/v1/bootstrap"),
        "read by staff": get_call([staff], "/v1/patients?limit=50"),
    }
    with psycopg.connect(bench.admin_url, autocommit=True) as connection:
        for what, call in calls.items():
            yield from grown(bench, connection, what, call, count)


def grown(
    bench: Bench,
    connection: psycopg.Connection,
    what: str,
    call: Callable[[], object],
    count: int,
) -> Iterator[str]:
    """Bytes of each table and of the log, a call."""
    connection.execute("CHECKPOINT")
    before, (log, pages) = stored(connection), logged(connection)
    with bench.steps(what, count) as done:
        for _ in range(count):
            call()
            done(1)
    after, (log_after, pages_after) = stored(connection), logged(connection)
    each = {name: (after[name] - before[name]) / count for name in after}
    tables = sorted(each.items(), key=lambda one: -one[1])
    yield (
        f"disk {sum(each.values()):,.0f} bytes a {what}: "
        + ", ".join(f"{name} {size:,.0f}" for name, size in tables if size >= 1)
    )
    yield (
        f"log {(log_after - log) / count:,.0f} bytes a {what},"
        f" {(pages_after - pages) / count:.2f} whole pages in it"
    )


def stored(connection: psycopg.Connection) -> Mapping[str, int]:
    """Bytes of each table with its indexes."""
    return dict(connection.execute(STORED).fetchall())


def logged(connection: psycopg.Connection) -> tuple[float, float]:
    """Bytes that were written to the log, and whole pages among them (those of the last second may
    be missing).
    """
    row = connection.execute(LOG).fetchone()
    assert row is not None
    return float(row[0]), float(row[1])


def audited(bench: Bench, count: int) -> str:
    """How much longer the auditor's whole run takes for each of so many check-ins more."""
    world = World(bench.app, now=utcnow())
    clinics = [world.clinic().id for _ in range(clinics_for(count))]
    url = make_url(bench.app.config["SQLALCHEMY_DATABASE_URI"]).set(username=AUDITOR)
    given = replace(
        bench.app.config["INTERLUDE"],
        auditor_database_url=url.render_as_string(hide_password=False),
    )
    with (
        working_as("auditor", given) as auditor,
        auditor.app_context(),
        psycopg.connect(bench.admin_url, autocommit=True) as connection,
    ):
        before = quickest_look()
        with bench.steps(f"{count:,} check-ins", count) as done:
            grow(connection, clinics, count, done)
        after = quickest_look()
    each = (after - before) / count * 1e6
    return (
        f"the auditor's whole run: {before:.2f} s, {after:.2f} s with {count:,} check-ins more:"
        f" {each:.1f} microseconds each"
    )


def quickest_look() -> float:
    """Seconds; of some, the least disturbed one."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        look(utcnow(), whole=True)
        taken.append(time.perf_counter() - began)
    return min(taken)


if __name__ == "__main__":
    raise SystemExit(main())
