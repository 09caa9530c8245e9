"""The database grows as it is asked to, and what is measured is found in it."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest
from flask import Flask

from api.embedded.urls import DatabaseUrls
from benchmarks.growth import __main__ as command
from benchmarks.growth import filling
from benchmarks.growth.plans import Ways, ways_of
from migrations.roles import libpq_url
from services.alerts.monitors.silence import silent_patients
from services.caseload.verify import verify_caseload
from tests.builders.world import World


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
    assert steps == [6, 12]
    staff = clinics[0].staff()
    url, read = libpq_url(database_urls.app), command.get_call([staff], "/v1/patients?limit=2")
    ways = ways_of(read, url, ids[0])
    assert "ALL OF" not in ways.names
    assert ways.blocks > 0
    with worker_app.app_context():
        found = list(silent_patients(datetime.now(UTC)))
    assert found == []
    with app.app_context():
        late = {one for each in verify_caseload(datetime.now(UTC)) for one in each.differing}
    assert "silence_due_at" not in late


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
