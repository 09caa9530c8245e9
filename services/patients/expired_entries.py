"""Entries that came with an expired token count in the trends once their phone has refreshed."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models import CheckIn
from services.patients.status.row import raise_revision, refresh


def count_entries_of(session: Session, patient_id: UUID, family_id: UUID, now: datetime) -> int:
    """From now on the family's entries count; return how many did not before.

    For the transaction that refreshes the family's tokens. Locks the status row only when there is
    something to count, and raises the revision, so that an earlier data cut stays as it was.
    """
    waiting = (
        CheckIn.patient_id == patient_id,
        CheckIn.family_id == family_id,
        CheckIn.counts_in_trend.is_(False),
    )
    if session.scalar(select(CheckIn.id).where(*waiting).limit(1)) is None:
        return 0
    revision = raise_revision(session, patient_id)
    counted = session.scalars(
        update(CheckIn)
        .where(*waiting)
        .values(counts_in_trend=True, counts_from_revision=revision)
        .returning(CheckIn.id)
    ).all()
    refresh(session, patient_id, now)
    return len(counted)
