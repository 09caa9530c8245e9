"""One patient as staff see them: contact data, care team, clinical content for those who may."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models import CareTeamMember, Patient, User
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.chart import reading
from services.consent.standing import consent_standing
from services.exceptions import ChangedMeanwhile
from services.patients.followed import today_of
from services.patients.members import check_members, members_of, set_care_team
from services.patients.record import country_of, is_contact_missing, unpack_emergency_contact
from services.patients.status.row import raise_revision
from services.patients.view import clinical_content_clause, visible_patient
from services.rules.indications import INDICATIONS


def get_patient(actor: Actor, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """A patient in view; the read is recorded. Raises `NotFound`, `Forbidden`."""
    action, event = Action.READ_PATIENTS, "patient_read"
    with reading(actor, action, patient_id, event, now) as (session, patient):
        return show_patient(session, actor, patient, now)


def show_patient(session: Session, actor: Actor, patient: Patient, now: datetime) -> dict[str, Any]:
    """The patient's data; what is clinical is left out for those who may not see it."""
    status = status_on(patient.status, patient.paused_until, today_of(patient.timezone, now))
    shown = {
        "id": patient.id,
        "name": patient.name,
        "mrn": patient.mrn,
        "born_on": patient.born_on,
        "timezone": patient.timezone,
        "phone": patient.phone,
        "address": patient.address,
        "emergency_contact": unpack_emergency_contact(patient.emergency_contact),
        "contact_missing": is_contact_missing(
            patient.phone, patient.emergency_contact, country_of(session, patient.clinic_id)
        ),
        "care_team": members_of(session, patient.id),
        "status": status,
        "paused_until_on": patient.paused_until if status == "paused" else None,
        "needs_invitation": needs_invitation(session, patient),
        "created_at": patient.created_at,
        "accepted_at": patient.accepted_at,
        "consent": consent_standing(session, patient.id, now),
    }
    if may_see_clinical(session, actor, patient.id, now):
        shown |= {
            "indications": list(patient.indications),
            "unknown_indications": list(INDICATIONS.newest.unknown(patient.indications)),
            "risk_at_intake": patient.risk_at_intake,
            "status_reason": patient.status_reason,
        }
    return shown


def may_see_clinical(session: Session, actor: Actor, patient_id: UUID, now: datetime) -> bool:
    """May the actor see clinical content of this patient?"""
    clause = clinical_content_clause(actor, now)
    return session.scalar(select(Patient.id).where(Patient.id == patient_id, clause)) is not None


def needs_invitation(session: Session, patient: Patient) -> bool:
    """The phone was logged out because a token was stolen: it needs a new invitation."""
    return bool(
        patient.user_id
        and session.scalar(select(User.needs_invitation).where(User.id == patient.user_id))
    )


def status_on(status: str, paused_until: date | None, today: date) -> str:
    """A pause ends by itself after its last day."""
    is_over = status == "paused" and paused_until is not None and paused_until < today
    return "active" if is_over else status


def get_care_team(actor: Actor, patient_id: UUID, now: datetime) -> list[UUID]:
    """The members, in a fixed order; the read is recorded. Raises `NotFound`, `Forbidden`."""
    action, event = Action.READ_PATIENTS, "care_team_read"
    with reading(actor, action, patient_id, event, now) as (session, _):
        return members_of(session, patient_id)


def put_care_team(
    actor: Actor,
    patient_id: UUID,
    user_ids: Sequence[UUID],
    now: datetime,
    seen: Collection[UUID] | None = None,
) -> list[UUID]:
    """The team is exactly these people; nobody puts the patient in view of every clinician. `seen`:
    the members as whoever changes them had them on the screen, compared under the lock.

    Raises `NotFound`, `Forbidden`, `ChangedMeanwhile`, and `Invalid` unless all are active staff of
    the clinic and at least one of them is a clinician.
    """
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.MANAGE_PATIENTS, patient_id, now)
        check_members(session, user_ids, "user_ids")
        # Two changes of one team take turns, so that the team is always one of the two.
        raise_revision(session, patient_id)
        if seen is not None and set(seen) != set(members_of(session, patient_id)):
            raise ChangedMeanwhile
        session.execute(delete(CareTeamMember).where(CareTeamMember.patient_id == patient_id))
        set_care_team(session, actor.clinic_id, patient_id, user_ids, "user_ids")
        audit.record(
            session, actor.user_id, "care_team_changed", now, patient_id, about=list(user_ids)
        )
        return members_of(session, patient_id)
