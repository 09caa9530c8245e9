"""The status row is locked first by every write about a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session

from models import Patient, PatientStatus
from models.statements import Query, Statement
from services.exceptions import NotFound
from services.patients.followed import Why, why_not_followed
from services.unit_of_work import ask


@dataclass(frozen=True, slots=True)
class LockedPatient:
    """What the status row and the patient's profile held when the lock was taken. `treated`: they
    have a session, past or planned. `next_revision`: of the write that is being made.
    `known_since`: when they accepted, or else were entered.
    """

    clinic_id: UUID
    patient_id: UUID
    next_revision: int
    timezone: str
    not_followed: Why | None
    item9_positive_at: datetime | None
    cssrs_moderate_at: datetime | None
    last_check_in_at: datetime | None
    last_item9_on: date | None
    last_cssrs_on: date | None
    treated: bool = False
    known_since: datetime | None = None
    indications: frozenset[str] = frozenset()

    @property
    def followed(self) -> bool:
        """Does the clinic read what they answer?"""
        return self.not_followed is None


_PATIENT: Final = bindparam("patient_id", type_=Patient.id.type)
IS_TREATED: Final = or_(
    PatientStatus.last_session_id.is_not(None), PatientStatus.next_session_id.is_not(None)
)
# Built once: every entry begins with them.
_LOCK: Final = Statement(
    select(
        PatientStatus.clinic_id,
        PatientStatus.revision,
        PatientStatus.item9_positive_at,
        PatientStatus.cssrs_moderate_at,
        PatientStatus.last_check_in_at,
        PatientStatus.last_item9_on,
        PatientStatus.last_cssrs_on,
        IS_TREATED.label("treated"),
    )
    .where(PatientStatus.patient_id == _PATIENT)
    .with_for_update()
)
PROFILE_COLUMNS: Final = (
    Patient.timezone,
    Patient.status,
    Patient.consent_withdrawn_at,
    Patient.indications,
    func.coalesce(Patient.accepted_at, Patient.created_at).label("known_since"),
)
_PROFILE: Final = select(*PROFILE_COLUMNS).where(Patient.id == _PATIENT)


def locking(patient_id: UUID) -> Query:
    """What locks the patient's status row until the transaction ends, and reads it.

    Read what else is needed in later statements: only they see what others committed while this one
    waited.
    """
    return Query(_LOCK, {"patient_id": patient_id})


def lock_status_row(session: Session, patient_id: UUID) -> Any:
    """Lock and read the patient's status row; raises `NotFound`."""
    lock = locking(patient_id)
    ask(session, lock)
    return the_row(lock)


def the_row(lock: Query) -> Any:
    """The locked status row; raises `NotFound`."""
    row = lock.one_or_none()
    if row is None:
        raise NotFound
    return row


def lock_patient(session: Session, patient_id: UUID) -> LockedPatient:
    """Lock the patient's status row and read their profile; raises `NotFound`."""
    status = lock_status_row(session, patient_id)
    profile = session.execute(_PROFILE, {"patient_id": patient_id}).one()
    return locked_patient(patient_id, status, profile)


def locked_patient(patient_id: UUID, status: Any, profile: Any) -> LockedPatient:
    """The patient from the locked status row and a row with `PROFILE_COLUMNS`."""
    return LockedPatient(
        clinic_id=status.clinic_id,
        patient_id=patient_id,
        next_revision=status.revision + 1,
        timezone=profile.timezone,
        not_followed=why_not_followed(profile.status, profile.consent_withdrawn_at),
        item9_positive_at=status.item9_positive_at,
        cssrs_moderate_at=status.cssrs_moderate_at,
        last_check_in_at=status.last_check_in_at,
        last_item9_on=status.last_item9_on,
        last_cssrs_on=status.last_cssrs_on,
        treated=status.treated,
        known_since=profile.known_since,
        indications=frozenset(profile.indications),
    )
