"""A new patient, before or without an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from models import Patient
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.sessions import acting
from services.caseload.profile import show_patient
from services.patients.enrol import enrol


def create_patient(
    actor: Actor, name: str, timezone: str | None, fields: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The new patient. Raises ``Forbidden``, and what ``enrol`` raises."""
    scopes(actor, Action.MANAGE_PATIENTS)
    with acting(actor, now) as session:
        patient_id = enrol(session, actor.clinic_id, name, timezone, fields, None, now)
        patient = session.get_one(Patient, (actor.clinic_id, patient_id))
        shown = show_patient(session, actor, patient, now)
        audit.record(session, actor.user_id, "patient_created", now, patient_id=patient_id)
        return shown
