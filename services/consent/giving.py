"""A patient agrees, takes it back, or agrees again; staff may enter it for those in view.

Both change at once whether the clinic follows them (`services.patients.followed`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import Consent, Patient
from models.base import new_id
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.consent.standing import shown_consent
from services.exactly_once import (
    FirstAnswer,
    answer_once,
    content_digest,
    id_taken_elsewhere,
    render,
)
from services.exceptions import Invalid, NotFound
from services.patients.followed import end_pauses, stop_following, today_of
from services.patients.status.lock import lock_status_row
from services.patients.status.row import raise_revision
from services.patients.view import visible_patient
from services.patients.wording import words_for
from services.rules.languages.consent import CONSENT_VERSIONS
from services.unit_of_work import retry_unknown_outcome


@dataclass(frozen=True, slots=True)
class NewConsent:
    """Which version was agreed to, in which language it was read (None: the reader's), and for
    staff by whom.
    """

    version: str
    language: str | None = None
    patient_id: UUID | None = None
    id: UUID | None = None


@retry_unknown_outcome
def accept(actor: Actor, new: NewConsent, now: datetime) -> FirstAnswer:
    """The consent; the same id again answers the same, also after it was withdrawn. Without an id,
    what the patient has agreed to already answers as it stands.

    Raises `Forbidden`, `NotFound`, `IdTaken`, `ContentConflict`, and `Invalid` for a version that
    there is not.
    """
    scopes(actor, Action.CONSENT)
    if new.version not in CONSENT_VERSIONS:
        raise Invalid({"version": ["No version of the text has this name."]})
    with id_taken_elsewhere(), acting(actor, now) as session:
        patient = _patient_of(session, actor, new, now)
        lock_status_row(session, patient.id)
        language = new.language or words_for(session, actor).texts.language
        if new.id is None and (kept := _open_one(session, patient.id, new.version)) is not None:
            audit.record_read(session, actor, "consents_read", now, patient.id)
            return FirstAnswer(200, render(shown_consent(kept)))
        content = {"version": new.version, "language": new.language, "patient": str(patient.id)}
        return answer_once(
            session,
            actor,
            new.id,
            patient.id,
            "consent",
            content_digest("consent", **content),
            lambda: _accepted(session, actor, patient, new, language, now),
            now,
        )


def _patient_of(session: Session, actor: Actor, new: NewConsent, now: datetime) -> Patient:
    """The patient themselves, or the one in view whom staff name."""
    if actor.patient_id is None and new.patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    named = new.patient_id or actor.own_patient_id()
    return visible_patient(session, actor, Action.CONSENT, named, now)


def _open_one(session: Session, patient_id: UUID, version: str) -> Consent | None:
    """The newest that was not taken back, if it is of this version."""
    newest = session.scalar(
        select(Consent)
        .where(Consent.patient_id == patient_id, Consent.withdrawn_at.is_(None))
        .order_by(Consent.accepted_at.desc(), Consent.id.desc())
        .limit(1)
    )
    return newest if newest is not None and newest.version == version else None


def _accepted(
    session: Session,
    actor: Actor,
    patient: Patient,
    new: NewConsent,
    language: str,
    now: datetime,
) -> dict[str, Any]:
    revision = raise_revision(session, patient.id)
    session.refresh(patient)  # what was committed while this one waited for the lock
    consent = Consent(
        clinic_id=patient.clinic_id,
        id=new.id or new_id(),
        patient_id=patient.id,
        version=new.version,
        language=language,
        accepted_at=now,
        accepted_by=actor.user_id,
    )
    session.add(consent)
    if patient.consent_withdrawn_at is not None:
        patient.consent_withdrawn_at = None
        today = today_of(patient.timezone, now)
        end_pauses(session, patient, today, revision, of_consent=True)
    session.flush()
    audit.record(
        session,
        actor.user_id,
        "consent_accepted",
        now,
        patient.id,
        consent.id,
        version=new.version,
        language=language,
    )
    return shown_consent(consent)


@retry_unknown_outcome
def withdraw(actor: Actor, consent_id: UUID, now: datetime) -> dict[str, Any]:
    """The consent, taken back; again, as it stands. Whatever the patient has agreed to is taken
    back with it. An open alert goes on, and danger is taken as ever.

    Raises `Forbidden`, `NotFound`.
    """
    scopes(actor, Action.CONSENT)
    with acting(actor, now) as session:
        patient_id = session.scalar(select(Consent.patient_id).where(Consent.id == consent_id))
        if patient_id is None:
            raise NotFound
        patient = visible_patient(session, actor, Action.CONSENT, patient_id, now)
        lock_status_row(session, patient_id)
        key = (patient.clinic_id, consent_id)
        consent = session.get_one(Consent, key, populate_existing=True)
        if consent.withdrawn_at is not None:
            audit.record_read(session, actor, "consents_read", now, patient_id)
            return shown_consent(consent)
        revision = raise_revision(session, patient_id)
        session.refresh(patient)
        session.execute(
            update(Consent)
            .where(Consent.patient_id == patient_id, Consent.withdrawn_at.is_(None))
            .values(withdrawn_at=now, withdrawn_by=actor.user_id)
        )
        patient.consent_withdrawn_at = now
        stop_following(session, patient, "consent_withdrawn", revision, now)
        session.flush()
        session.refresh(consent)
        audit.record(session, actor.user_id, "consent_withdrawn", now, patient_id, consent_id)
        return shown_consent(consent)
