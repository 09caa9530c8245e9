"""A shadow run over what is stored: the service's own episodes, and not one row changed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from click.testing import Result
from flask import Flask
from psycopg import sql
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from api.embedded.urls import DatabaseUrls
from migrations import roles
from models import Patient
from services.clock import utcnow
from services.evaluation import shadow
from services.evaluation.shadow import shadow_stored, stored_history, stored_patients
from services.evaluation.simulation.replay import replay
from services.exceptions import NotFound
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.rules.numbers import DATA
from services.rules.worsening.numbers import RULE_NUMBERS
from services.treatment.courses import create_course
from services.treatment.sessions import create_session
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World, log_in

BEGAN = datetime(2026, 1, 5, 18, tzinfo=UTC)


def answers(total: int) -> dict[str, int]:
    """A form with this total and an item 9 of 0."""
    return {f"q{item}": min(3, max(0, total - 3 * (item - 1))) for item in range(1, 9)} | {"q9": 0}


def answer(
    patient: Person, day: int, total: int, sent_after_days: int = 0, instrument: str = "phq9-daily"
) -> None:
    at = BEGAN + timedelta(days=day)
    form = CheckInForm(uuid4(), instrument, answers(total), at, "Europe/Paris")
    now = at + timedelta(days=sent_after_days)
    with patient.app.app_context():
        record_check_in(patient.actor, form, now, now)


def answer_all(patient: Person) -> None:
    """A week at 18, three weeks at 5, then 11 for good; two of the days are sent late."""
    for day in range(50):
        if day % 6 != 5:
            total = 18 if day < 7 else 5 if day < 28 else 11
            answer(patient, day, total, sent_after_days=3 if day in (20, 44) else 0)


@pytest.fixture
def long_ago(app: Flask, clean_database: None) -> ClinicWorld:
    return World(app, BEGAN - timedelta(days=1)).clinic()


def opened(patient: Person) -> list[tuple[str, str]]:
    found = rows(
        patient,
        "SELECT rule, (at AT TIME ZONE 'Europe/Paris')::date::text AS day"
        " FROM alert_occurrences WHERE patient_id = :id AND rule LIKE 'M%' ORDER BY at",
        id=patient.patient_id,
    )
    return [(row["rule"], row["day"]) for row in found]


def test_a_replay_of_what_is_stored_opens_what_the_service_opened(
    app: Flask, long_ago: ClinicWorld
) -> None:
    patient = long_ago.patient()
    answer_all(patient)
    with app.app_context():
        history = stored_history(long_ago.id, patient.patient_id, utcnow())
    replayed = [(episode.rule, episode.on.isoformat()) for episode in replay(history)]
    assert replayed == opened(patient)
    assert [rule for rule, _ in replayed] == ["M2"]


def enter_session(staff: Person, patient: Person, day: int, course: UUID) -> None:
    started = BEGAN + timedelta(days=day, hours=-8)
    fields = {
        "course_id": course,
        "started_at": started,
        "product": "ketamine",
        "route": "iv",
        "dose": {"value": 40.0, "unit": "mg"},
        "supervision": "clinic",
    }
    with staff.app.app_context():
        here = log_in(staff.app, staff.actor.clinic_id, staff.user_id, started)
        create_session(here.actor, patient.patient_id, None, fields, started)


def test_the_rules_about_sessions_open_in_a_replay_what_they_opened_in_the_service(
    app: Flask, long_ago: ClinicWorld
) -> None:
    """Four sessions without response (M4 with the fourth), and a bad week after the second (M5)."""
    patient = long_ago.patient()
    staff, course = long_ago.staff("clinician"), uuid4()
    plan = {"product": "ketamine", "phase": "induction", "started_on": BEGAN.date()}
    with app.app_context():
        here = log_in(app, long_ago.id, staff.user_id, BEGAN)
        create_course(here.actor, patient.patient_id, course, plan, BEGAN)
    for day in range(20):
        if day in (7, 10, 14, 17):
            enter_session(staff, patient, day, course)
        answer(patient, day, 17 if day in (11, 12) else 11)
        if day in (6, 13):
            answer(patient, day, 16, instrument="phq9")
    with app.app_context():
        history = stored_history(long_ago.id, patient.patient_id, utcnow())
    replayed = [(episode.rule, episode.on.isoformat()) for episode in replay(history)]
    assert replayed == opened(patient)
    assert replayed == [("M5", "2026-01-16"), ("M4", "2026-01-22")]


def every_row(urls: DatabaseUrls) -> dict[str, str]:
    """A digest of every table, as its owner sees it."""
    with psycopg.connect(roles.libpq_url(urls.admin)) as connection:
        named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        tables = [str(row[0]) for row in connection.execute(named)]
        digest = "SELECT md5(string_agg(t::text, '' ORDER BY t::text)) FROM {} t"
        found = {}
        for table in tables:
            row = connection.execute(sql.SQL(digest).format(sql.Identifier(table))).fetchone()
            found[table] = str(row and row[0])
    return found


def run_shadow(app: Flask, *words: str) -> Result:
    found = app.test_cli_runner().invoke(args=["rules", "shadow", *words])
    assert found.exit_code == 0, found.output
    return found


def test_a_shadow_run_lists_what_would_open_otherwise_and_changes_no_row(
    app: Flask, database_urls: DatabaseUrls, long_ago: ClinicWorld, tmp_path: Path
) -> None:
    patient = long_ago.patient()
    answer_all(patient)
    before = every_row(database_urls)
    assert len(set(before.values())) > 10, "the digests see rows"

    same = run_shadow(app, "--thresholds", str(DATA / "worsening.toml"), "--list")
    assert f"{patient.patient_id} M2 2026-02-05 both" in same.output

    stricter = tmp_path / "stricter.toml"
    content = (DATA / "worsening.toml").read_text("utf-8")
    for name, old, new in [("ewma_run", 2, 4), ("run_length", 3, 5)]:
        assert f"{name} = {{ value = {old}," in content
        content = content.replace(f"{name} = {{ value = {old},", f"{name} = {{ value = {new},")
    stricter.write_text(content, "utf-8")
    words = ["--thresholds", str(stricter), "--clinic", str(long_ago.id), "--list"]
    changed = run_shadow(app, *words, "--since", "2026-02-01")
    assert f"{patient.patient_id} M2 2026-02-05 only now" in changed.output
    assert "only then" in changed.output.replace("only then/week", "")

    assert every_row(database_urls) == before


def test_a_shadow_run_cannot_write_even_if_it_tried(
    app: Flask, long_ago: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = long_ago.patient()

    def write(session: Session, patient_id: UUID) -> None:
        session.execute(update(Patient).where(Patient.id == patient_id).values(name="Quagga"))

    monkeypatch.setattr(shadow, "load_treatment", write)
    with app.app_context(), pytest.raises(DBAPIError, match="read-only transaction"):
        stored_history(long_ago.id, patient.patient_id, utcnow())


def test_single_answers_come_with_the_forms_whose_rules_read_them(
    app: Flask, long_ago: ClinicWorld
) -> None:
    patient = long_ago.patient(indications=["bipolar depression"])
    form = CheckInForm(
        uuid4(), "asrm", {f"q{item}": 2 for item in range(1, 6)}, BEGAN, "Europe/Paris"
    )
    with app.app_context():
        record_check_in(patient.actor, form, BEGAN, BEGAN)
        history = stored_history(long_ago.id, patient.patient_id, utcnow())
    assert history.answers[str(form.id)]["q5"] == 2
    assert [episode.rule for episode in replay(history)] == ["B1"]
    assert history.days_watched() == 1


def test_who_has_answered_nothing_is_counted_and_who_is_gone_is_left_out(
    app: Flask, long_ago: ClinicWorld
) -> None:
    silent = long_ago.patient()
    gone = (long_ago.id, uuid4())
    with app.app_context():
        known = [*stored_patients(long_ago.id), gone]
        (seen,) = shadow_stored(known, RULE_NUMBERS, utcnow())
    assert seen.history.patient == str(silent.patient_id)
    assert seen.differences == []
    assert seen.history.days_watched() == 0


def test_another_clinic_and_an_unknown_one(app: Flask, long_ago: ClinicWorld) -> None:
    patient = long_ago.patient()
    other = World(app).clinic("South Clinic").patient()
    with app.app_context():
        assert stored_patients(long_ago.id) == [(long_ago.id, patient.patient_id)]
        assert {one for _, one in stored_patients()} == {patient.patient_id, other.patient_id}
        with pytest.raises(NotFound):
            stored_patients(uuid4())
        with pytest.raises(NotFound):
            stored_history(long_ago.id, other.patient_id, utcnow())
