"""After an erasure nothing of the patient is anywhere: every table, opened, searched."""

from __future__ import annotations

import json
import subprocess

import pytest
from flask import Flask

from api.embedded.server import programs
from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Base
from services.clock import utcnow
from services.erasure.erase import try_erasure
from services.erasure.fates import FATES
from tests.builders.privacy.everything import everything
from tests.builders.privacy.whole_patient import ANSWERS, DIGITS, MARK, WholePatient
from tests.builders.stored import rows
from tests.builders.world import World
from tests.fixtures.postgres import TestServer

# As JSONB writes them, whatever the order of the keys.
ANSWERED = json.dumps(dict(sorted(ANSWERS.items(), key=lambda one: (len(one[0]), one[0]))))
MARKS = (MARK, DIGITS, ANSWERED)
# Ids and times alone.
TOMBSTONES = {"audit_entries", "erasures"}


@pytest.fixture
def whole(world: World, database_urls: DatabaseUrls) -> WholePatient:
    return WholePatient(world, database_urls.admin)


def test_every_table_has_a_fate_and_every_statement_a_table(whole: WholePatient) -> None:
    parts = {row["name"] for row in rows(whole.pat, "SELECT name FROM erasure.parts")}
    assert FATES.keys() == Base.metadata.tables.keys()
    changed = {name for name, fate in FATES.items() if fate.fate != "stays"}
    assert parts == changed - {"login_delays"}, "those the API forgets itself"


def test_a_dry_run_counts_what_is_in_every_table_and_takes_nothing(
    app: Flask, whole: WholePatient, database_urls: DatabaseUrls
) -> None:
    erasure = whole.ask()["id"]
    before = everything(database_urls.admin)
    steps: list[tuple[str, int]] = []
    with app.app_context():
        counted = try_erasure(erasure, utcnow(), lambda *step: steps.append(step))
    assert everything(database_urls.admin) == before
    assert dict(steps) == counted
    assert {name for name, count in counted.items() if not count} == set()


def test_nothing_of_the_patient_is_left(whole: WholePatient, database_urls: DatabaseUrls) -> None:
    before = everything(database_urls.admin)
    assert before.with_any(*MARKS) >= {
        *("patients", "users", "check_in_contents", "alert_notes", "record_ids", "devices"),
        *("unreadable_bodies", "standing_plans", "screenings", "patient_search_parts"),
    }
    assert "check_in_contents" in before.with_any(ANSWERED)
    whole.erase()
    after = everything(database_urls.admin)
    assert after.with_any(*MARKS) == set()
    assert after.with_any(str(whole.pat.patient_id)) == TOMBSTONES
    assert after.with_any(str(whole.pat.user_id)) == TOMBSTONES


def test_nothing_is_left_in_a_dump(
    whole: WholePatient, database_urls: DatabaseUrls, test_server: TestServer
) -> None:
    if test_server.external:
        pytest.skip("pg_dump of another version may not read it; the test above reads every row")
    whole.erase()
    command = [programs() / "pg_dump", "--data-only", libpq_url(database_urls.admin)]
    dump = subprocess.run(command, capture_output=True, check=True, text=True).stdout
    assert "COPY public.erasures" in dump
    assert [mark for mark in MARKS if mark.casefold() in dump.casefold()] == []


def test_others_of_the_clinic_stay_as_they_were(
    world: World, whole: WholePatient, database_urls: DatabaseUrls
) -> None:
    other = WholePatient(world, database_urls.admin)
    before = everything(database_urls.admin).with_any(str(other.pat.patient_id))
    counted = "SELECT count(*) AS n FROM check_ins"
    entries = rows(other.pat, counted)
    whole.erase()
    assert everything(database_urls.admin).with_any(str(other.pat.patient_id)) == before
    assert rows(other.pat, counted) == entries
    assert rows(whole.admins[0], counted)[0]["n"] == 0
