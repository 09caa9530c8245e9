"""From when on a patient is worth a look: never later than their silence is to be reported, whoever
wrote what about them; and a look costs what is due.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from models import Patient, PatientStatus
from services.alerts.monitors.silence import report_silence, silent_patients
from services.caseload.patient.change import StatusChange, change_status
from services.caseload.verify import verify_caseload
from services.consent.giving import NewConsent, accept, withdraw
from services.exceptions import ServiceError
from services.patients.recount import move_to_zone
from services.patients.status.row import raise_revision
from services.patients.status.silence import (
    is_overlooked,
    load_silence,
    reported,
    silences_due,
)
from services.rules.danger.silence import silence_tier
from services.rules.languages.consent import CONSENTS
from services.unit_of_work import transaction
from tests.builders.trends.histories import START, Phone
from tests.builders.world import ClinicWorld, Person, World
from tests.fixtures.statements import statements_sent

FORM: Final = {"instrument": "phq9-daily", "timezone": None, "expired": False}
KINDS: Final = (
    *["answer"] * 4,
    *("late", "risk", "blank", "amended", "refused", "paused", "discharged", "active"),
    *("withdrawn", "agreed", "zone", "intake", "nothing", "nothing"),
)
ZONES: Final = ("Pacific/Auckland", "America/Los_Angeles", "Europe/Paris")


class History:
    """Everything that moves the end of a silence, as it happens to one patient."""

    def __init__(self, patient: Person, clinic: ClinicWorld) -> None:
        self.patient, self.phone = patient, Phone(patient, clinic.staff("clinician"))
        self.consent: UUID | None = None

    def play(self, kind: str, after_h: int) -> None:
        """One of `KINDS`, so many hours later; what is refused changes nothing."""
        self.phone.now += timedelta(hours=after_h)
        try:
            getattr(self, kind)()
        except ServiceError:
            return

    def nothing(self) -> None:
        """Time passes."""

    def answer(self, late: int = 0, **answers: Any) -> None:
        self.phone.form({**FORM, "late": late, "answers": answers or {"q1": 1, "q9": 0}})

    def late(self) -> None:
        self.answer(late=60)

    def risk(self) -> None:
        self.answer(q1=1, q9=1)

    def blank(self) -> None:
        self.answer(q1=1)

    def amended(self) -> None:
        changed = {"q1": None, "q9": None}
        self.phone.amend({**FORM, "answers": changed, "which": -1, "blank": True})

    def refused(self) -> None:
        self.phone.refused({"which": 1})

    def paused(self) -> None:
        until = (self.phone.now + timedelta(days=5)).date()
        self._change(lambda *known: change_status(*known_with(known, "paused", "away", until)))

    def discharged(self) -> None:
        self._change(lambda *known: change_status(*known_with(known, "discharged")))

    def active(self) -> None:
        self._change(lambda *known: change_status(*known_with(known, "active")))

    def zone(self) -> None:
        self._move(ZONES[self.phone.now.hour % len(ZONES)])

    def east(self) -> None:
        self._move(ZONES[0])

    def _move(self, zone: str) -> None:
        self._change(
            lambda session, patient, revision, now: move_to_zone(
                session, patient, zone, revision, now
            )
        )

    def intake(self) -> None:
        def turn(_session: Session, patient: Patient, *_: Any) -> None:
            patient.risk_at_intake = not patient.risk_at_intake

        self._change(turn)

    def agreed(self) -> None:
        given_ = accept(self.patient.actor, NewConsent(CONSENTS.newest.version), self.phone.now)
        self.consent = UUID(orjson.loads(given_.body)["id"])

    def withdrawn(self) -> None:
        if self.consent is not None:
            withdraw(self.patient.actor, self.consent, self.phone.now)

    def _change(self, make: Callable[[Session, Patient, int, datetime], object]) -> None:
        with transaction(self.patient.actor.clinic_id) as session:
            revision = raise_revision(session, self.patient.patient_id)
            query = select(Patient).where(Patient.id == self.patient.patient_id)
            make(session, session.scalars(query).one(), revision, self.phone.now)


def known_with(known: tuple[Any, ...], *asked: Any) -> tuple[Any, ...]:
    """The arguments of `change_status`."""
    session, patient, revision, now = known
    return session, patient, StatusChange(*asked), revision, now


def is_silent(pat: Person, now: datetime) -> bool:
    """Asked of the rule, without the instant that is kept."""
    with transaction(pat.actor.clinic_id) as session:
        facts = load_silence(session, now, Patient.id == pat.patient_id, ~reported())
    return any(silence_tier(each) is not None for each in facts.values())


def overlooked(pat: Person, now: datetime) -> bool:
    with transaction(pat.actor.clinic_id) as session:
        return is_overlooked(session, pat.patient_id, now)


def listen(worker_app: Flask, now: datetime) -> set[UUID]:
    with worker_app.app_context():
        return {one.patient_id for one in silent_patients(now) if report_silence(one, now)}


def due_at(pat: Person) -> datetime | None:
    query = select(PatientStatus.silence_due_at).where(PatientStatus.patient_id == pat.patient_id)
    with pat.app.app_context(), transaction(pat.actor.clinic_id) as session:
        return session.scalar(query)


def revision_of(pat: Person) -> int:
    query = select(PatientStatus.revision).where(PatientStatus.patient_id == pat.patient_id)
    with pat.app.app_context(), transaction(pat.actor.clinic_id) as session:
        return session.scalars(query).one()


@pytest.fixture
def old_clinic(app: Flask, clean_database: None) -> ClinicWorld:
    return World(app, now=START).clinic()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.tuples(st.sampled_from(KINDS), st.integers(1, 60)), max_size=14))
def test_whatever_happens_nobody_is_looked_at_too_late(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld, steps: list[tuple[str, int]]
) -> None:
    history = History(old_clinic.patient(), old_clinic)
    pat = history.patient
    for number, (kind, after_h) in enumerate(steps):
        with app.app_context():
            history.play(kind, after_h)
            now = history.phone.now
            assert not overlooked(pat, now), f"after step {number}"
            expected = is_silent(pat, now)
        assert (pat.patient_id in listen(worker_app, now)) is expected, f"after step {number}"
        with app.app_context():
            assert not overlooked(pat, now), f"after the look of step {number}"


def test_whoever_was_looked_at_is_put_off_to_the_instant_of_the_rule(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld
) -> None:
    invited, answered, at_risk, gone = (old_clinic.patient(timezone="UTC") for _ in range(4))
    with app.app_context():
        for pat, kind in ((answered, "answer"), (at_risk, "risk"), (gone, "discharged")):
            History(pat, old_clinic).play(kind, 0)
    assert listen(worker_app, START) == set()
    day = datetime(START.year, START.month, START.day, 4, tzinfo=UTC)
    assert due_at(invited) == START + timedelta(hours=72)
    assert due_at(answered) == day + timedelta(days=8), "seven days missed"
    assert due_at(at_risk) == day + timedelta(days=4), "three days missed"
    assert due_at(gone) is None
    with app.app_context():
        assert {one.differing for one in verify_caseload(START)} == {()}


@pytest.mark.parametrize(
    ("before", "then"),
    [
        ((), "refused"),
        ((), "intake"),
        ((), "east"),
        (("paused",), "active"),
        (("discharged",), "active"),
        (("agreed", "withdrawn"), "agreed"),
    ],
)
def test_what_brings_a_silence_nearer_is_noticed(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld, before: tuple[str, ...], then: str
) -> None:
    """By risk, another zone, the end of a pause, of a discharge or of a withdrawal."""
    history = History(old_clinic.patient(), old_clinic)
    pat = history.patient
    with app.app_context():
        history.play("answer", 0)
        for kind in before:
            history.play(kind, 1)
    assert listen(worker_app, history.phone.now) == set()
    kept = due_at(pat)
    with app.app_context():
        history.play(then, 1)
        now, who = history.phone.now, (old_clinic.id, pat.patient_id)
        with transaction(old_clinic.id) as session:
            (nearer,) = silences_due(session, [who], now).values()
        assert nearer is not None
        assert kept is None or nearer < kept
        assert not overlooked(pat, now)


def test_verify_names_whoever_would_be_looked_at_too_late(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld
) -> None:
    pat = old_clinic.patient()
    for late in (START + timedelta(days=9), None):
        with app.app_context(), transaction(old_clinic.id) as session:
            this = PatientStatus.patient_id == pat.patient_id
            session.execute(update(PatientStatus).where(this).values(silence_due_at=late))
        with app.app_context():
            (checked,) = verify_caseload(START)
        assert checked.differing == ("silence_due_at",)


def test_a_look_reads_those_who_are_due_from_the_index(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld
) -> None:
    patients = [old_clinic.patient() for _ in range(3)]
    with worker_app.app_context(), statements_sent(worker_app) as first:
        assert list(silent_patients(START)) == []
    with worker_app.app_context(), statements_sent(worker_app) as then:
        assert list(silent_patients(START + timedelta(hours=1))) == []
    assert [due_at(pat) for pat in patients] == [START + timedelta(hours=72)] * 3
    assert len(then) < len(first)
    asked = text(
        "EXPLAIN SELECT clinic_id FROM patient_status WHERE silence_due_at <= now()"
        " ORDER BY silence_due_at, clinic_id, patient_id LIMIT 100"
    )
    with worker_app.app_context(), transaction() as session:
        for way in ("seqscan", "bitmapscan"):  # of so few rows
            session.execute(text(f"SET LOCAL enable_{way} = off"))
        plan = "\n".join(session.scalars(asked))
    assert "ix_patient_status_silence_due" in plan
    assert "Sort" not in plan


def test_a_report_counts_as_a_write_and_ends_the_looking(
    app: Flask, worker_app: Flask, old_clinic: ClinicWorld
) -> None:
    """Both stand in one row, which one statement writes once."""
    pat = old_clinic.patient()
    before = revision_of(pat)
    assert listen(worker_app, START + timedelta(days=4)) == {pat.patient_id}
    assert revision_of(pat) == before + 1
    assert due_at(pat) is None
