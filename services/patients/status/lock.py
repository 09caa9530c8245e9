"""The status row is locked first by every write about a patient."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models import Patient, PatientStatus
from services.exceptions import NotFound


@dataclass(frozen=True, slots=True)
class LockedPatient:
    """What the status row and the patient's profile said when the lock was taken. `treated`: she
    has a session, past or planned.
    """

    clinic_id: UUID
    patient_id: UUID
    revision: int
    timezone: str
    followed: bool
    item9_positive_at: datetime | None
    cssrs_moderate_at: datetime | None
    last_item9_on: date | None
    last_cssrs_on: date | None
    treated: bool = False

    @property
    def next_revision(self) -> int:
        """The revision of the write that is being made."""
        return self.revision + 1


def lock_patient(session: Session, patient_id: UUID) -> LockedPatient:
    """Lock the patient's status row until the transaction ends; raises `NotFound`.

    Read what else is needed in later statements: only they see what others committed while this one
    waited.
    """
    row = session.execute(
        select(
            PatientStatus.clinic_id,
            PatientStatus.revision,
            PatientStatus.item9_positive_at,
            PatientStatus.cssrs_moderate_at,
            PatientStatus.last_item9_on,
            PatientStatus.last_cssrs_on,
            or_(
                PatientStatus.last_session_id.is_not(None),
                PatientStatus.next_session_id.is_not(None),
            ).label("treated"),
        )
        .where(PatientStatus.patient_id == patient_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NotFound
    profile = session.execute(
        select(Patient.timezone, Patient.status).where(Patient.id == patient_id)
    ).one()
    return LockedPatient(
        clinic_id=row.clinic_id,
        patient_id=patient_id,
        revision=row.revision,
        timezone=profile.timezone,
        followed=profile.status != "discharged",
        item9_positive_at=row.item9_positive_at,
        cssrs_moderate_at=row.cssrs_moderate_at,
        last_item9_on=row.last_item9_on,
        last_cssrs_on=row.last_cssrs_on,
        treated=row.treated,
    )
