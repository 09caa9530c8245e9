"""A new patient, before or without an account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Erasure, Patient
from models.base import new_id
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.caseload.patient.profile import show_patient
from services.exactly_once import FirstAnswer, answer_once, content_digest, id_taken_elsewhere
from services.exceptions import IdTaken
from services.patients.record import enrol


def create_patient(
    actor: Actor, record_id: UUID | None, fields: Mapping[str, Any], now: datetime
) -> FirstAnswer:
    """The new patient of these fields (`name` and those of the contract's `patient`, `timezone`);
    with an id of the client's, which becomes the patient's, exactly once.

    Raises `Forbidden`, `IdTaken`, `ContentConflict`, and what `enrol` raises.
    """
    scopes(actor, Action.MANAGE_PATIENTS)
    try:
        return _create(actor, record_id, fields, now)
    except IdTaken:
        # Nothing can be locked before it exists: whoever was slower finds it the second time.
        return _create(actor, record_id, fields, now)


def _create(
    actor: Actor, record_id: UUID | None, fields: Mapping[str, Any], now: datetime
) -> FirstAnswer:
    patient_id = record_id or new_id()
    digest = content_digest("patient", **fields)
    with id_taken_elsewhere(), acting(actor, now) as session:

        def make() -> dict[str, Any]:
            if record_id is not None and _was_erased(session, record_id):
                raise IdTaken
            enrol(session, actor.clinic_id, fields, now, patient_id=patient_id)
            patient = session.get_one(Patient, (actor.clinic_id, patient_id))
            return show_patient(session, actor, patient, now)

        answer = answer_once(session, actor, record_id, patient_id, "patient", digest, make, now)
        if answer.status == 201:
            audit.record(session, actor.user_id, "patient_created", now, patient_id=patient_id)
        return answer


def _was_erased(session: Session, patient_id: UUID) -> bool:
    """Had somebody this id whom the service made it for? What is kept of them, in the audit above
    all, names nobody else.
    """
    erased = select(Erasure.id).where(Erasure.patient_id == patient_id).limit(1)
    return session.scalar(erased) is not None
