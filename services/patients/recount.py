"""What changes how old entries count: a move to another zone, an expired token made good. What was
stamped implausibly waits for a clinician instead.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import CheckIn, Patient, SideEffectReport
from services.patients.status.row import raise_revision, refresh
from services.rules.mood_days import IMPLAUSIBLE_TIME


def move_to_zone(
    session: Session, patient: Patient, timezone: str, revision: int, now: datetime
) -> None:
    """Days are counted in the new zone (a known IANA name) from this revision on, those of sessions
    too: what the caseload caches is worked out again. The status row is locked by the caller.
    """
    if timezone == patient.timezone:
        return
    former = {
        "timezone": patient.timezone,
        "until_revision": revision - 1,
        "until_at": now.isoformat(),
    }
    patient.former_zones = [*patient.former_zones, former]
    patient.timezone = timezone
    session.flush()  # the recompute, and what the caller goes on with, are statements of their own
    refresh(session, patient.id, now)


def move_account_to_zone(
    session: Session, clinic_id: UUID, user_id: UUID, timezone: str, now: datetime
) -> None:
    """The same for the patient of an account, if they have another zone; locks their status row."""
    account = (Patient.clinic_id == clinic_id, Patient.user_id == user_id)
    patient = session.scalar(select(Patient).where(*account, Patient.timezone != timezone))
    if patient is None:
        return
    revision = raise_revision(session, patient.id)
    session.refresh(patient)  # what was committed while this one waited for the lock
    move_to_zone(session, patient, timezone, revision, now)


def count_entries_of(session: Session, patient_id: UUID, family_id: UUID, now: datetime) -> int:
    """From now on the family's entries count; return how many did not before.

    For the transaction that refreshes the family's tokens. Locks the status row only when there is
    something to count, and raises the revision, so that an earlier data cut stays as it was.
    """
    waiting = {
        table: (
            table.patient_id == patient_id,
            table.family_id == family_id,
            table.counts_in_trend.is_(False),
            ~table.flags.contains([IMPLAUSIBLE_TIME]),
        )
        for table in (CheckIn, SideEffectReport)
    }
    found = (session.scalar(select(t.id).where(*mine).limit(1)) for t, mine in waiting.items())
    if not any(found):
        return 0
    revision = raise_revision(session, patient_id)
    counts = {"counts_in_trend": True, "counts_from_revision": revision}
    counted = [
        entry_id
        for table, mine in waiting.items()
        for entry_id in session.scalars(
            update(table).where(*mine).values(**counts).returning(table.id)
        )
    ]
    refresh(session, patient_id, now)
    return len(counted)
