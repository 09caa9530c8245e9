"""The one lock order: the patient's status row, then the alert, then its notifications."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, PatientStatus


def lock_status_rows(
    session: Session, clinic_id: UUID, patient_ids: Sequence[UUID], *, skip_locked: bool = False
) -> set[UUID]:
    """Lock these patients' status rows, always in the same order; returns those that were locked.

    `skip_locked`: whoever is being written about right now is left for the next time.
    """
    if not patient_ids:
        return set()
    rows = session.scalars(
        select(PatientStatus.patient_id)
        .where(PatientStatus.clinic_id == clinic_id, PatientStatus.patient_id.in_(set(patient_ids)))
        .order_by(PatientStatus.patient_id)
        .with_for_update(skip_locked=skip_locked)
    )
    return set(rows)


def lock_alert(session: Session, clinic_id: UUID, alert_id: UUID) -> Alert | None:
    """Lock one alert as it is now; the status row of its patient is already held.

    Weaker than FOR UPDATE: rows that point at the alert (events, pages) may be added meanwhile.
    """
    return session.scalars(
        select(Alert)
        .where(Alert.clinic_id == clinic_id, Alert.id == alert_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    ).one_or_none()


def lock_alert_of(session: Session, clinic_id: UUID, alert_id: UUID) -> Alert | None:
    """Lock the status row of the alert's patient, if it has one, and then the alert."""
    patient_id = session.scalar(
        select(Alert.patient_id).where(Alert.clinic_id == clinic_id, Alert.id == alert_id)
    )
    if patient_id is not None:
        lock_status_rows(session, clinic_id, [patient_id])
    return lock_alert(session, clinic_id, alert_id)
