"""`python -m benchmarks.growth.partitions [--check-ins N] [--write]`: what monthly partitions would
cost a check-in, and what they would save.

Copies of one grown database, some with tables in months (`months`), are asked the same in turns.
What counts is the CPU that PostgreSQL's own processes take (Linux says it exactly): load of the
machine changes little of it. A million check-ins take a quarter of an hour and 10 GB.
"""

from __future__ import annotations

import argparse
import re
import statistics
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, LiteralString
from unittest.mock import Mock, patch
from uuid import UUID

import psycopg
from flask import Flask
from sqlalchemy import make_url

from api import create_app
from benchmarks.bench import Bench, Sizes, admin_url_of, load, shown_progress
from benchmarks.check_ins import check_in_call, statements_sent
from benchmarks.growth.__main__ import markdown, people_of, refuse_small_disk, show
from benchmarks.growth.filling import grow, one_more_day
from benchmarks.growth.months import BESIDE, CHECK_INS, Parted, part
from benchmarks.page import PAGE, put
from benchmarks.trend import trend_call
from benchmarks.world import own_database
from migrations.roles import APP, libpq_url, make_database
from models.clinic_door import enter_session
from models.database import db
from models.statements import Statement
from tests.builders.world import ClinicWorld, Person

CALLS: Final = 60
COPIES_AT_ONCE: Final = 6
# Of the database's processes that answer the application.
SERVING: Final = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND usename = %s"
SET_COMPRESSION: Final[Mapping[str, LiteralString]] = {
    "off": "SET wal_compression = off",
    "on": "SET wal_compression = on",
}
WRITTEN: Final = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
# Each place where the read of a check-in looks for the patient's forms.
FORMS: Final = re.compile(
    r"(check_ins(?:_\d+)?)\.patient_id = (?:\$\d+::UUID|check_ins(?:_\d+)?\.patient_id)"
)
SMALLEST: Final = """
SELECT total FROM check_ins WHERE patient_id = $1::uuid AND instrument = 'phq9-daily'
AND mood_day >= current_date - 36 AND received_at >= now() - interval '40 days'
"""
BOUNDED: Final = r"\g<0> AND \1.received_at >= now() - interval '40 days'"


@dataclass(frozen=True, slots=True)
class Copy:
    """A database: its name, what it is called in the table, and which of its tables stand in how
    many months.
    """

    name: str
    words: str
    tables: Sequence[Parted] = ()
    months: int = 0


COPIES: Final = (
    Copy("whole", "as it is"),
    Copy("beside", "contents and decisions in 120 months", BESIDE, 120),
    Copy("year", "all three in 13 months", (*BESIDE, CHECK_INS), 13),
    Copy("three_years", "in 36 months", (*BESIDE, CHECK_INS), 36),
    Copy("ten_years", "in 120 months", (*BESIDE, CHECK_INS), 120),
)


Workloads = Mapping[str, Callable[[], float]]
"""By what each is called: how much of PostgreSQL's CPU one of its calls takes, in ms."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; no figure of a shared machine is a reason to fail."""
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("partitions", description=__doc__, formatter_class=shape)
    parser.add_argument("--check-ins", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--write", action="store_true", help="also into docs/benchmarks.md")
    given = parser.parse_args(arguments)
    refuse_small_disk(COPIES_AT_ONCE * given.check_ins)
    before = load()
    with own_database() as app, shown_progress() as progress:
        bench = Bench(app, admin_url_of(app), Sizes(), progress)
        clinics, people = grown(bench, given.check_ins)
        for copy in COPIES:
            make_copy(bench, copy)
        asked = {one: asked_of(bench, one, clinics[0].id, people) for one in COPIES}
        rows = [*taken_in(bench, asked, given.rounds), *written_in(bench, clinics)]
    facts = [f"{given.check_ins:,} check-ins", f"Load averages: {before}; {load()}"]
    lines = [("what", *(one.words for one in COPIES)), *rows]
    show(lines, facts)
    if given.write:
        put(PAGE, "partitions", markdown(lines, facts))
    return 0


def grown(bench: Bench, check_ins: int) -> tuple[list[ClinicWorld], list[Person]]:
    """A database with so many check-ins, and who is asked: one of staff, then patients."""
    clinics, staff, writers = people_of(bench, check_ins)
    ids = [one.id for one in clinics]
    with (
        psycopg.connect(bench.admin_url, autocommit=True) as connection,
        bench.steps(f"{check_ins:,} check-ins", check_ins) as done,
    ):
        grow(connection, ids, check_ins, done)
    with bench.app.app_context():
        db.engine.dispose()  # who copies a database wants to be alone in it
    return clinics, [staff, *writers]


def make_copy(bench: Bench, copy: Copy) -> None:
    """The whole database once more, its tables in months."""
    template = make_url(bench.admin_url).database
    with bench.steps(copy.words, 1) as done:
        make_database(in_database(bench.admin_url, "postgres"), copy.name, template)
        with psycopg.connect(in_database(bench.admin_url, copy.name), autocommit=True) as there:
            part(there, copy.tables, copy.months)
        done(1)


def asked_of(bench: Bench, copy: Copy, clinic_id: UUID, people: Sequence[Person]) -> Workloads:
    """What the copy is asked."""
    app = app_on(bench.app, copy.name)
    staff, *writers = [replace(one, app=app) for one in people]
    check_in = check_in_call(writers, "phq9-daily")
    trend = trend_call(staff, writers[0], "phq9-daily")
    check_in()
    with statements_sent() as statements:
        check_in()
    read, values = next(one for one in statements if FORMS.search(one[0].text))
    reads, sent = reading(in_database(bench.app_url, copy.name), clinic_id), sent_by(read, values)
    patient = [str(writers[0].patient_id)]
    taken = partial(taken_by, in_database(bench.admin_url, copy.name), copy.name)
    bounded = FORMS.sub(BOUNDED, read.text)

    def narrow_check_in() -> float:
        with patch.object(read, "_sent", bounded.encode()):
            return taken(check_in)

    return {
        "check-in": lambda: taken(check_in),
        "of which its read": lambda: reads(read.text, sent),
        "check-in, were 40 days enough": narrow_check_in,
        "of which that read": lambda: reads(bounded, sent),
        "the smallest read of 40 days": lambda: reads(SMALLEST, patient),
        "trend JSON of a year": lambda: taken(trend),
    }


def app_on(app: Flask, database: str) -> Flask:
    """The same service on another database of the server."""
    given = app.config["INTERLUDE"]
    return create_app(
        replace(
            given,
            database_url=_in_database(given.database_url, database),
            owner_database_url=_in_database(given.owner_database_url, database),
        )
    )


def in_database(url: str, database: str) -> str:
    """The same role of the same server in another database, in libpq's form."""
    return libpq_url(_in_database(url, database))


def _in_database(url: str, database: str) -> str:
    return make_url(url).set(database=database).render_as_string(hide_password=False)


def taken_by(url: str, database: str, call: Callable[[], object]) -> float:
    """How much CPU a call takes of the database's processes, in ms."""
    call()  # who answers is there before the clock is read
    with psycopg.connect(url) as connection:
        serving = [pid for (pid,) in connection.execute(SERVING, (database, APP))]
    before = cpu_ms(serving)
    for _ in range(CALLS):
        call()
    return (cpu_ms(serving) - before) / CALLS


def cpu_ms(processes: Sequence[int]) -> float:
    """What these processes have run so far, as Linux counts it."""
    files = (Path(f"/proc/{pid}/schedstat") for pid in processes)
    return sum(int(one.read_text().split()[0]) for one in files) / 1e6


def sent_by(statement: Statement, values: Mapping[str, Any]) -> list[Any]:
    """The values as they go to the database."""
    cursor = Mock(psycopg.RawCursor)
    statement.send(cursor, values)
    sent: list[Any] = cursor.execute.call_args.args[1]
    return sent


def reading(url: str, clinic_id: UUID) -> Callable[[str, Sequence[Any]], float]:
    """How much CPU a read takes, in ms, once the database has planned it for whatever values."""
    connection = psycopg.connect(url, autocommit=True)  # a ROLLBACK would forget what is prepared
    connection.execute("SET plan_cache_mode = force_generic_plan")
    enter_session(connection, clinic_id)
    cursor, serving = psycopg.RawCursor(connection), [connection.info.backend_pid]

    def reads(text: str, values: Sequence[Any]) -> float:
        cursor.execute(text.encode(), values, prepare=True)
        before = cpu_ms(serving)
        for _ in range(CALLS):
            cursor.execute(text.encode(), values, prepare=True).fetchall()
        return (cpu_ms(serving) - before) / CALLS

    return reads


def taken_in(bench: Bench, asked: Mapping[Copy, Workloads], rounds: int) -> list[tuple[str, ...]]:
    """A row a workload: medians, and of the copies the median of what each round was of the
    database as it is.
    """
    seen: dict[tuple[str, Copy], list[float]] = defaultdict(list)
    with bench.steps("rounds", rounds) as done:
        for number in range(rounds):
            for copy in list(asked)[:: 1 if number % 2 else -1]:
                for name, taken in asked[copy].items():
                    seen[name, copy].append(taken())
            done(1)
    rows = []
    for name in asked[COPIES[0]]:
        base = seen[name, COPIES[0]]
        cells = []
        for copy in asked:
            mine = seen[name, copy]
            of_base = statistics.median(one / of for one, of in zip(mine, base, strict=True))
            cells.append(f"{statistics.median(mine):.2f} ms, {of_base:.2f} x")
        rows.append((f"{name}: CPU of PostgreSQL", *cells))
    return rows


def written_in(bench: Bench, clinics: Sequence[ClinicWorld]) -> list[tuple[str, ...]]:
    """Two rows: the log that a day of everybody's answers makes, the first after a checkpoint."""
    ids = [one.id for one in clinics]
    rows = []
    for days_ago, compresses in enumerate(("off", "on")):
        cells = []
        for copy in COPIES:
            url = in_database(bench.admin_url, copy.name)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(SET_COMPRESSION[compresses])
                connection.execute("CHECKPOINT")
                before = connection.execute(WRITTEN).fetchone()
                answers = one_more_day(connection, ids, -days_ago)
                after = connection.execute(WRITTEN).fetchone()
            assert before is not None
            assert after is not None
            cells.append(f"{float(after[0] - before[0]) / answers / 1000:.1f} kB")
        rows.append((f"log a check-in, `wal_compression` {compresses}", *cells))
    return rows


if __name__ == "__main__":
    sys.exit(main())
