"""A new patient, before or without an account."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from models import Patient
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.caseload.patient.profile import show_patient
from services.exactly_once import (
    FirstAnswer,
    content_digest,
    id_taken_elsewhere,
    keep_answer,
    known_answer,
    render,
)
from services.exceptions import IdTaken
from services.patients.enrol import enrol


@dataclass(frozen=True, slots=True)
class NewPatient:
    """Who is enrolled; `id`, if staff made one, becomes the patient's."""

    name: str
    timezone: str | None
    fields: Mapping[str, Any]
    id: UUID | None = None


def create_patient(actor: Actor, new: NewPatient, now: datetime) -> FirstAnswer:
    """The new patient; with an id of the client's, exactly once.

    Raises `Forbidden`, `IdTaken`, `ContentConflict`, and what `enrol` raises.
    """
    scopes(actor, Action.MANAGE_PATIENTS)
    try:
        return _create(actor, new, now)
    except IdTaken:
        # Nothing can be locked before it exists: whoever was slower finds it the second time.
        return _create(actor, new, now)


def _create(actor: Actor, new: NewPatient, now: datetime) -> FirstAnswer:
    digest = content_digest("patient", name=new.name, timezone=new.timezone, **new.fields)
    with id_taken_elsewhere(), acting(actor, now) as session:
        if new.id is not None:
            known = known_answer(session, actor, new.id, new.id, digest)
            if known is not None:
                return known
        patient_id = enrol(
            session, actor.clinic_id, new.name, new.timezone, new.fields, None, now, new.id
        )
        patient = session.get_one(Patient, (actor.clinic_id, patient_id))
        body = render(show_patient(session, actor, patient, now))
        if new.id is not None:
            taken = keep_answer(
                record_id=new.id,
                clinic_id=actor.clinic_id,
                patient_id=patient_id,
                kind="patient",
                digest=digest,
                body=body,
                now=now,
            )
            session.execute(taken)
        audit.record(session, actor.user_id, "patient_created", now, patient_id=patient_id)
        return FirstAnswer(201, body)
