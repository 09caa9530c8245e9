"""Changing a patient: contact data, zone, and whether she is followed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models import Patient
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.caseload.patient.following import StatusChange, change_status
from services.caseload.patient.profile import may_see_clinical, show_patient
from services.exceptions import Forbidden, Invalid
from services.patients.contact_data import pack_emergency_contact
from services.patients.enrol import (
    check_adult,
    check_zone,
    refuse_taken_mrn,
    risk_at_intake,
)
from services.patients.status.row import raise_revision
from services.patients.view import visible_patient
from services.patients.zones import move_to_zone

CLINICAL: Final = frozenset({"indications", "risk_at_intake"})
# An empty text takes these away, as null does.
REMOVABLE: Final = ("phone", "address", "mrn")


def change_patient(
    actor: Actor, patient_id: UUID, fields: Mapping[str, Any], now: datetime
) -> dict[str, Any]:
    """The patient with these fields changed, and nothing else.

    `status` takes `reason` and `until_on` beside it. Raises `NotFound`, `Forbidden` (also
    for clinical fields by somebody who may not see them), `OpenAlert`, `AdultsOnly`,
    `Invalid`.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.MANAGE_PATIENTS, patient_id, now)
        if CLINICAL & fields.keys() and not may_see_clinical(session, actor, patient_id, now):
            raise Forbidden
        revision = raise_revision(session, patient_id)
        session.refresh(patient)  # what was committed while this one waited for the lock
        _change_data(session, patient, fields, revision, now)
        asked = _status_of(fields)
        if asked is not None:
            change_status(session, patient, asked, revision, now)
        shown = show_patient(session, actor, patient, now)
        audit.record(
            session,
            actor.user_id,
            "patient_changed",
            now,
            patient_id=patient_id,
            fields=sorted(fields),
        )
        return shown


def _status_of(fields: Mapping[str, Any]) -> StatusChange | None:
    if "status" in fields:
        return StatusChange(fields["status"], fields.get("reason"), fields.get("until_on"))
    alone = [name for name in ("reason", "until_on") if fields.get(name) is not None]
    if alone:
        raise Invalid({name: ["Only together with `status`."] for name in alone})
    return None


def _change_data(
    session: Session, patient: Patient, fields: Mapping[str, Any], revision: int, now: datetime
) -> None:
    if "timezone" in fields:
        check_zone(fields["timezone"])
        move_to_zone(session, patient, fields["timezone"], revision, now)
    check_adult(fields.get("born_on"), patient.timezone, now)
    for name in ("name", "born_on"):
        if name in fields:
            setattr(patient, name, fields[name])
    for name in REMOVABLE:
        if name in fields:
            setattr(patient, name, fields[name] or None)
    if "indications" in fields:
        _change_indications(patient, fields["indications"] or [], revision)
    if "risk_at_intake" in fields:
        patient.risk_at_intake = risk_at_intake(fields["risk_at_intake"], patient.indications)
    if "emergency_contact" in fields:
        patient.emergency_contact = pack_emergency_contact(fields["emergency_contact"])
    try:
        session.flush()  # here, so that a taken number is told from any other fault
    except IntegrityError as error:
        refuse_taken_mrn(error)


def _change_indications(patient: Patient, indications: list[str], revision: int) -> None:
    """They ask for forms: what was due at an earlier revision stays what it was."""
    if indications != patient.indications:
        former = {"indications": list(patient.indications), "until_revision": revision - 1}
        patient.former_indications = [*patient.former_indications, former]
        patient.indications = indications
