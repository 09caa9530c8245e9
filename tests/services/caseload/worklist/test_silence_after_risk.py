"""The caseload calls somebody silent after risk exactly when rule N1 would page about them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from models import Patient
from services.alerts.monitors.candidates import Candidate
from services.alerts.monitors.silence import report_silence
from services.caseload.patient.change import StatusChange, change_status
from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter, load_rows
from services.exceptions import NotFollowed
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.patients.status.row import raise_revision
from services.patients.status.silence import silent_after_risk
from services.unit_of_work import transaction
from tests.builders.stored import alerts, rows
from tests.builders.world import Person, World, log_in

START = datetime(2026, 9, 1, 12, tzinfo=UTC)
ZONES = ("Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago")
# What happens, and how many days after what came before it. A pause: for so many more days.
EVENTS = st.sampled_from(
    [
        *[("answer", {"q9": 1})] * 3,
        ("answer", {"q9": 0}),
        ("answer", {"q1": 1}),
        *[("paused", days) for days in (0, 1, 2, 3, 5)],
        ("active", None),
        ("discharged", None),
    ]
)
HISTORIES = st.lists(st.tuples(st.integers(0, 3), EVENTS), min_size=1, max_size=6)


@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    history=HISTORIES,
    quiet_hours=st.integers(48, 24 * 9),
    zone=st.sampled_from(ZONES),
    at_risk=st.booleans(),
)
def test_list_and_alert_agree(
    app: Flask,
    worker_app: Flask,
    clean_database: None,
    history: list[tuple[int, tuple[str, Any]]],
    quiet_hours: int,
    zone: str,
    at_risk: bool,
) -> None:
    clinic = World(app, START).clinic()
    pat, staff = clinic.patient(timezone=zone, risk_at_intake=at_risk), clinic.staff()
    now, has_answered = START, False
    for days, (kind, what) in history:
        now += timedelta(days=days, minutes=1)
        is_stored = happen(pat, kind, what, zone, now)
        has_answered |= is_stored and "q9" in what
    now += timedelta(hours=quiet_hours)
    reason, is_first = in_caseload(staff, now, zone)
    with worker_app.app_context():
        report_silence(Candidate(clinic.id, pat.patient_id), now)
    has_alert = ("silence", "high") in [(one["family"], one["severity"]) for one in alerts(pat)]
    assert ("silent after risk" in reason) == (has_alert and has_answered), reason
    assert is_first == ("silent after risk" in reason)


def happen(pat: Person, kind: str, what: Any, zone: str, now: datetime) -> bool:
    """An answer, or a change of status by staff, who have resolved what was open; True for an
    answer that was stored: of those whom nobody follows it is refused.
    """
    with pat.app.app_context():
        if kind == "answer":
            form = CheckInForm(uuid4(), "phq9-daily", what, now, zone)
            with suppress(NotFollowed):
                record_check_in(pat.actor, form, None, now)
                return True
            return False
        rows(
            pat,
            "UPDATE alerts SET status = 'resolved', resolved_at = :now, next_at = NULL"
            " RETURNING id",
            now=now,
        )
        until = None if what is None else now.date() + timedelta(days=what)
        with transaction(pat.actor.clinic_id) as session:
            patient = session.scalars(select(Patient).where(Patient.id == pat.patient_id)).one()
            revision = raise_revision(session, patient.id)
            change_status(session, patient, StatusChange(kind, "away", until), revision, now)
        return False


def in_caseload(staff: Person, now: datetime, zone: str) -> tuple[str, bool]:
    """The reason of the only patient, and whether silence after risk is what their place is for."""
    with staff.app.app_context():
        reader = log_in(staff.app, staff.actor.clinic_id, staff.user_id, now).actor
        (row,) = list_caseload(reader, CaseloadFilter(), now)["items"]
        with transaction(staff.actor.clinic_id) as session:
            silent = silent_after_risk(session, now)
            (keyed,) = load_rows(session, reader, CaseloadFilter(), now, silent, now, [zone])
    return row["reason"], keyed[0][2] == 0
