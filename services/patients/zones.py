"""A patient moves to another time zone: earlier revisions keep their days."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Patient
from services.patients.status.row import raise_revision, refresh


def move_to_zone(
    session: Session, patient: Patient, timezone: str, revision: int, now: datetime
) -> None:
    """Days are counted in the new zone (a known IANA name) from this revision on, those of sessions
    too: what the caseload caches is worked out again. The status row is locked by the caller.
    """
    if timezone == patient.timezone:
        return
    former = {"timezone": patient.timezone, "until_revision": revision - 1}
    patient.former_zones = [*patient.former_zones, former]
    patient.timezone = timezone
    session.flush()  # the recompute, and what the caller goes on with, are statements of their own
    refresh(session, patient.id, now)


def move_account_to_zone(session: Session, user_id: UUID, timezone: str, now: datetime) -> None:
    """The same for the patient of an account, if she has another zone; locks her status row."""
    patient = session.scalar(
        select(Patient).where(Patient.user_id == user_id, Patient.timezone != timezone)
    )
    if patient is None:
        return
    revision = raise_revision(session, patient.id)
    session.refresh(patient)  # what was committed while this one waited for the lock
    move_to_zone(session, patient, timezone, revision, now)
