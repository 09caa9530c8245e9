"""A silent patient becomes an alert, once a silence, and only a person ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Patient
from services.accounts.account import add_user
from services.alerts.monitors import silence
from services.alerts.monitors.silence import report_silence, silent_patients
from services.caseload.patient.change import StatusChange, change_status
from services.caseload.patient.create import create_patient
from services.clock import utcnow
from services.consent.giving import NewConsent, accept, withdraw
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.patients.status.lock import lock_patient
from services.patients.status.row import raise_revision
from services.rules.languages.consent import CONSENTS
from services.unit_of_work import transaction
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, World, made_up_email

START = datetime(2026, 11, 2, 12, tzinfo=UTC)


def answer(pat: Person, at: datetime, **answers: int) -> None:
    form = CheckInForm(uuid4(), "phq9-daily", answers, at, "Europe/Paris")
    with pat.app.app_context():
        record_check_in(pat.actor, form, None, at)


@contextmanager
def transaction_of(app: Flask, clinic_id: UUID) -> Iterator[Session]:
    with app.app_context(), transaction(clinic_id) as session:
        yield session


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


def test_risk_of_a_refused_answer_counts_for_somebody_who_never_started(
    client: FlaskClient, clinic: ClinicWorld, worker_app: Flask
) -> None:
    pat = clinic.patient()
    assert post(client, pat, phq9(item9=2, surprise=1)).status_code == 422
    assert listen(worker_app, utcnow() + timedelta(hours=72)) == 1
    assert found(pat) == [("unreadable_risk", "critical"), ("silence", "high")]


def test_nobody_listens_for_the_discharged(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    rows(pat, "UPDATE patients SET status = 'discharged' RETURNING id")
    assert listen(worker_app, START + timedelta(days=9)) == 0


def test_nobody_listens_for_those_who_withdrew_and_their_days_are_no_silence(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    answer(pat, START, q9=0, q1=1)
    new, day = NewConsent(CONSENTS.newest.version), timedelta(days=1)
    with app.app_context():
        given = accept(pat.actor, new, START)
        withdraw(pat.actor, UUID(orjson.loads(given.body)["id"]), START + 3 * day)
    assert listen(worker_app, START + 39 * day) == 0
    with app.app_context():
        accept(pat.actor, new, START + 40 * day)
    assert listen(worker_app, START + timedelta(days=44)) == 0, "two days missed before, four since"
    assert listen(worker_app, START + timedelta(days=45)) == 1


def test_whoever_is_being_written_about_is_looked_at_next_time(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    late = START + timedelta(days=9)
    with app.app_context(), transaction(pat.actor.clinic_id) as session:
        lock_patient(session, pat.patient_id)
        assert listen(worker_app, late) == 0
    assert listen(worker_app, late) == 1


def test_an_answer_on_the_day_of_the_alert_begins_a_new_silence(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    answer(pat, START, q9=1)
    reported = START + timedelta(days=4)
    assert listen(worker_app, reported) == 1
    answer(pat, reported + timedelta(hours=3), q9=1)
    rows(
        pat,
        "UPDATE alerts SET status = 'resolved', resolved_at = now(), next_at = NULL RETURNING id",
    )
    assert listen(worker_app, reported + timedelta(days=3)) == 0
    assert listen(worker_app, reported + timedelta(days=4)) == 1, "silent again, unheard"
    assert listen(worker_app, reported + timedelta(days=9)) == 0


def follow(pat: Person, asked: StatusChange, now: datetime) -> None:
    with transaction_of(pat.app, pat.actor.clinic_id) as session:
        revision = raise_revision(session, pat.patient_id)
        patient = session.scalars(select(Patient).where(Patient.id == pat.patient_id)).one()
        change_status(session, patient, asked, revision, now)


def test_days_of_a_discharge_that_was_taken_back_are_no_silence(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    pat = World(app, START).clinic().patient()
    answer(pat, START, q9=0, q1=1)
    follow(pat, StatusChange("discharged"), START + timedelta(days=3))
    follow(pat, StatusChange("active"), START + timedelta(days=40))
    assert listen(worker_app, START + timedelta(days=44)) == 0, "two days missed before, four since"
    assert listen(worker_app, START + timedelta(days=45)) == 1


def test_a_pause_that_is_over_hides_no_silence(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    clinic = World(app, START).clinic()
    pat = clinic.patient()
    answer(pat, START, q9=0, q1=1)
    follow(pat, StatusChange("paused", "travelling", (START + timedelta(days=10)).date()), START)
    assert listen(worker_app, START + timedelta(days=10)) == 0
    assert listen(worker_app, START + timedelta(days=17)) == 0, "six days missed since"
    assert listen(worker_app, START + timedelta(days=18)) == 1


def test_nobody_waits_behind_those_who_are_only_quiet(
    app: Flask, worker_app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "BATCH", 2)
    clinic = World(app, START).clinic()
    patients = sorted((clinic.patient() for _ in range(5)), key=lambda pat: pat.patient_id)
    for pat in patients:
        answer(pat, START, q9=0)
    answer(patients[-1], START + timedelta(minutes=1), q9=1)
    assert listen(worker_app, START + timedelta(days=5)) == 1, "the one at risk"
    assert ("silence", "high") in found(patients[-1])


def test_the_72_hours_begin_with_the_invitation(
    app: Flask, worker_app: Flask, clean_database: None
) -> None:
    clinic = World(app, START).clinic()
    staff = clinic.admin.actor
    with app.app_context():
        made = create_patient(staff, None, {"name": "Late Quagga"}, START)
        patient_id = UUID(orjson.loads(made.body)["id"])
        invited_at = START + timedelta(days=30)
        assert listen(worker_app, invited_at) == 0, "nobody invited her yet"
    with transaction_of(app, clinic.id) as session:
        user_id = add_user(
            session,
            clinic.id,
            made_up_email("late"),
            "Late Quagga",
            ["patient"],
            "Europe/Paris",
            invited_at,
        )
        session.get_one(Patient, (clinic.id, patient_id)).user_id = user_id
    assert listen(worker_app, invited_at + timedelta(hours=71)) == 0
    assert listen(worker_app, invited_at + timedelta(hours=72)) == 1
