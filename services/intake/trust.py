"""Entries sent with an expired token count in the trends once the same family has refreshed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import Session

from models import CheckIn, Patient, PatientStatus
from services.patients.lock import lock_patient
from services.patients.status_row import refresh


def waiting_entries(session: Session, user_id: UUID, family_id: UUID) -> UUID | None:
    """The patient of this account if entries of this family wait to be trusted."""
    return session.scalar(
        select(Patient.id).where(
            Patient.user_id == user_id,
            exists().where(
                CheckIn.clinic_id == Patient.clinic_id,
                CheckIn.patient_id == Patient.id,
                CheckIn.family_id == family_id,
                CheckIn.counts_in_trend.is_(False),
            ),
        )
    )


def trust_entries(session: Session, patient_id: UUID, family_id: UUID) -> None:
    """Let the family's entries count from now on, as a new revision; recomputes the status row."""
    patient = lock_patient(session, patient_id)
    session.execute(
        update(CheckIn)
        .where(
            CheckIn.patient_id == patient_id,
            CheckIn.family_id == family_id,
            CheckIn.counts_in_trend.is_(False),
        )
        .values(counts_in_trend=True, counts_from_revision=patient.next_revision)
    )
    session.execute(
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient_id)
        .values(revision=patient.next_revision)
    )
    refresh(session, patient_id)
