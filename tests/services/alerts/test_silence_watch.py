"""A silent patient becomes an alert, once a silence, and only a person ends it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask

from services.alerts.silence import report_silence, silent_patients
from services.intake.forms import CheckInForm
from services.intake.record import record_check_in
from services.patients.lock import lock_patient
from services.unit_of_work import transaction
from tests.api.entries import alerts, rows
from tests.world import Person, World

START = datetime(2026, 11, 2, 12, tzinfo=UTC)


def answer(pat: Person, at: datetime, **answers: int) -> None:
    form = CheckInForm(uuid4(), "phq9-daily", answers, at, "Europe/Paris")
    with pat.app.app_context():
        record_check_in(pat.actor, form, None, at)


def listen(worker_app: Flask, now: datetime) -> int:
    with worker_app.app_context():
        return sum(report_silence(patient, now) for patient in silent_patients(now))


def found(pat: Person) -> list[Any]:
    return [(alert["family"], alert["severity"]) for alert in alerts(pat)]


def test_silence_after_risk_pages_once(app: Flask, worker_app: Flask, clean_database: None) -> None:
    pat = World(app, START).clinic().patient()
    answer(pat, START, q9=0, q1=1)
    answer(pat, START + timedelta(hours=1), q9=1)
    first = found(pat)
    assert listen(worker_app, START + timedelta(days=3)) == 0
    assert listen(worker_app, START + timedelta(days=4)) == 1
    assert found(pat) == [*first, ("silence", "high")]
    assert listen(worker_app, START + timedelta(days=9)) == 0, "one silence, one alert"
    paged = rows(pat, "SELECT alert_id FROM notifications WHERE kind = 'page'")
    assert len({row["alert_id"] for row in paged}) == 2


def test_only_an_answered_item_9_ends_a_silence(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    answer(pat, START, q9=0)
    for day in range(1, 9):
        answer(pat, START + timedelta(days=day), q1=1)
    opened = [family for family, _ in found(pat)]
    assert opened == ["suicide_risk"], "item 9 left out is a reason of its own"
    assert listen(worker_app, START + timedelta(days=8)) == 1
    assert ("silence", "medium") in found(pat)
    answer(pat, START + timedelta(days=9), q9=0)
    (status,) = rows(pat, "SELECT status FROM alerts WHERE family = 'silence'")
    assert status["status"] == "triggered", "an answer never closes it"
    assert listen(worker_app, START + timedelta(days=10)) == 0
    assert listen(worker_app, START + timedelta(days=20)) == 1, "a new silence adds to it"
    (count,) = rows(pat, "SELECT occurrence_count FROM alerts WHERE family = 'silence'")
    assert count["occurrence_count"] == 2


def test_somebody_who_never_started(app: Flask, worker_app: Flask, clean_database: None) -> None:
    clinic = World(app, START).clinic()
    pat, at_risk = clinic.patient(), clinic.patient(risk_at_intake=True)
    assert listen(worker_app, START + timedelta(hours=71)) == 0
    assert listen(worker_app, START + timedelta(hours=72)) == 2
    assert found(pat) == [("silence", "medium")]
    assert found(at_risk) == [("silence", "high")]


def test_nobody_listens_for_the_discharged(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    rows(pat, "UPDATE patients SET status = 'discharged' RETURNING id")
    assert listen(worker_app, START + timedelta(days=9)) == 0


def test_whoever_is_being_written_about_is_looked_at_next_time(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    late = START + timedelta(days=9)
    with app.app_context(), transaction(pat.actor.clinic_id) as session:
        lock_patient(session, pat.patient_id)
        assert listen(worker_app, late) == 0
    assert listen(worker_app, late) == 1
