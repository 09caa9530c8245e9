"""A phone that comes back: it refreshes, and what it sent meanwhile counts from now on."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from services.accounts.families import Grant
from services.accounts.refresh import Presented, refresh
from services.patients.expired_entries import count_entries_of


def refresh_device(presented: Presented, now: datetime) -> Grant:
    """Refresh, and let entries that came with an expired token of this family join the trends.

    Raises ``Unauthenticated`` for every token that does not hold.
    """
    return refresh(presented, now, also=_count_entries)


def _count_entries(session: Session, grant: Grant) -> None:
    if grant.actor.patient_id is not None:
        count_entries_of(session, grant.actor.patient_id, grant.actor.family_id)
