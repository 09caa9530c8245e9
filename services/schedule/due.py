"""What is due for a patient around now, for the phone and for those who follow them."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import Patient
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import Forbidden
from services.patients.view import visible_patient
from services.rules.schedule.due import answers_needed, items_of, windows_now
from services.rules.session_day.driving import restricted_until
from services.schedule.sources import load_answers, load_case


def get_due(actor: Actor, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """What is due for a patient in view, from 3 days ago to 14 days ahead, and until when they must
    not drive; a read by staff is recorded. Raises `NotFound`, `Forbidden`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.READ_ENTRIES, patient_id, now)
        document = build(session, patient, now)
        if patient_id != actor.patient_id:
            audit.record(session, actor.user_id, "due_read", now, patient_id=patient_id)
        return document


def get_own_due(actor: Actor, now: datetime) -> dict[str, Any]:
    """What is due for the patient who asks; raises `Forbidden` for staff."""
    if actor.patient_id is None:
        raise Forbidden
    return get_due(actor, actor.patient_id, now)


def build(session: Session, patient: Patient, now: datetime) -> dict[str, Any]:
    """The due list as of now."""
    case = load_case(session, patient)
    windows = windows_now(case, now)
    needed = answers_needed(windows, case.zone)
    case = replace(case, answered=load_answers(session, patient.id, needed))
    return {
        "items": [asdict(item) for item in items_of(windows, case, now)],
        "server_time": now,
        "timezone": patient.timezone,
        "driving_restriction_until": restricted_until(case.treatment, case.zone, now),
    }
