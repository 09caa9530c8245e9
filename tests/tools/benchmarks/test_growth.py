"""The database grows as it is asked to, and what is measured is found in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import psycopg
import pytest
from flask import Flask
from psycopg.conninfo import make_conninfo

from api.embedded.urls import DatabaseUrls
from benchmarks.bench import Bench, admin_url_of
from benchmarks.growth import __main__ as command
from benchmarks.growth import filling, footprint, replaying
from benchmarks.growth.plans import Ways, ways_of
from benchmarks.growth.workloads import get_call
from benchmarks.world import own_database
from migrations.roles import libpq_url
from services.alerts.monitors.silence import silent_patients
from services.caseload.verify import verify_caseload
from tests.builders.world import World
from tests.fixtures.databases.standby import needs_a_standby


def test_clinics_fill_one_after_the_other(
    app: Flask,
    worker_app: Flask,
    clean_database: None,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(filling, "PATIENTS_A_CLINIC", 3)
    monkeypatch.setattr(filling, "CHECK_INS", 4)
    clinics = [World(app).clinic() for _ in range(2)]
    ids, steps = [one.id for one in clinics], list[int]()
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as connection:
        filling.grow(connection, ids[:1], 6, steps.append)
        assert filling.stored(connection)[0] == 6
        filling.grow(connection, ids, 24, steps.append)
        assert filling.stored(connection)[0] == 6 + 3 * 4
    assert sum(steps) == 6 + 12
    staff = clinics[0].staff()
    url, read = libpq_url(database_urls.app), get_call([staff], "/v1/patients?limit=2")
    ways = ways_of(read, url, ids[0])
    assert "ALL OF" not in ways.names
    assert ways.blocks > 0
    with worker_app.app_context():
        found = list(silent_patients(datetime.now(UTC)))
    assert found == []
    with app.app_context():
        late = {one for each in verify_caseload(datetime.now(UTC)) for one in each.differing}
    assert "silence_due_at" not in late


PARTITIONED = """
CREATE SCHEMA months CREATE TABLE answers (month int PRIMARY KEY) PARTITION BY LIST (month);
CREATE TABLE months.first PARTITION OF months.answers FOR VALUES IN (1);
CREATE TABLE months.second PARTITION OF months.answers FOR VALUES IN (2);
CREATE TABLE months.third PARTITION OF months.answers FOR VALUES IN (3)
"""


def test_a_statement_names_how_many_partitions_it_looks_into(
    database_urls: DatabaseUrls, clean_database: None
) -> None:
    by_index = {"options": "-c enable_seqscan=off -c enable_bitmapscan=off"}
    url = make_conninfo(libpq_url(database_urls.admin), **by_index)

    def ask(query: bytes) -> Ways:
        def call() -> None:
            with psycopg.connect(url) as asking:
                asking.execute(query)

        return ways_of(call, url, None)

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(PARTITIONED)
        try:
            one = ask(b"SELECT * FROM months.answers WHERE month = 2")
            two = ask(b"SELECT * FROM months.answers WHERE month < 3")
        finally:
            connection.execute("DROP SCHEMA months CASCADE")
    assert one.partitions == ("1 of 3 partitions of answers",)
    assert one.words == "answers_pkey, 1 of 3 partitions of answers"
    assert two.partitions == ("2 of 3 partitions of answers",)
    assert "SELECT * FROM months.answers WHERE month = 2" in one.plans[0]
    assert "Index" in one.plans[0]


def test_what_has_more_to_look_at_is_judged_by_one_of_them() -> None:
    first = command.Seen("auditor", 10, 2.0, 2.0, Ways("pk", 50), each=10)
    last = command.Seen("auditor", 1000, 30.0, 30.0, Ways("pk", 1_000), each=100)
    found = command.Grown(first, last)
    assert (found.times, found.blocks, found.is_flat) == (1.5, 2.0, False)
    deeper = command.Grown(first, command.Seen("auditor", 1000, 2.0, 2.0, Ways("pk", 70), each=10))
    assert deeper.blocks == 1.4
    assert deeper.is_flat


def test_the_table_says_how_much_a_workload_grew() -> None:
    seen = [
        command.Seen("a", 10, 1.0, 1.5, Ways("pk", 100)),
        command.Seen("a", 1000, 1.1, 1.6, Ways("pk, ALL OF patients (9,000)", 150)),
    ]
    head, row = command.table_of(seen, (10, 1000))
    assert len(head) == len(row)
    assert row[3:] == ("1.10 x met", "1.50 x MISSED", "pk, ALL OF patients (9,000)")
    assert "| a | 1.50 (1.00), 100 |" in command.markdown([head, row], ["a fact"])


def test_a_disk_that_is_too_small_is_refused_before_anything_is_made() -> None:
    with pytest.raises(SystemExit, match="are free"):
        command.main(["--check-ins", str(10**12)])


def test_what_a_call_leaves_is_counted(app: Flask, database_urls: DatabaseUrls) -> None:
    admin_url = libpq_url(database_urls.admin)
    pat = World(app).clinic().patient()
    with psycopg.connect(admin_url, autocommit=True) as connection:
        call = get_call([pat], "/v1/bootstrap")
        on_disk, logged = footprint.grown(Bench(app, admin_url), connection, "read", call, 3)
    assert re.fullmatch(r"disk [\d,]+ bytes a read: .*", on_disk)
    found = re.fullmatch(r"log ([\d,]+) bytes a read, [\d.]+ whole pages in it", logged)
    assert found
    assert int(found[1].replace(",", "")) > 100


@needs_a_standby
def test_what_it_takes_to_replay_a_log_is_counted() -> None:
    with own_database() as app:
        seen = replaying.replayed(Bench(app, admin_url_of(app)), 3)
    found = re.fullmatch(
        r"3 check-ins, each with 3 reads, left ([\d.]+) MB of log: .*, [\d.]+ s a GB", seen
    )
    assert found
    assert float(found[1]) > 0
