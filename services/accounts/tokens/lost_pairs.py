"""A refresh token that we signed and the database does not know: its pair was lost.

Of a living log-in every pair stays. One that is missing was issued after the instant that a backup
was restored to, or on a primary that failed before its replica had it. The phone that holds it is
in order, and sending its owner for an invitation would cost them days of answers.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models import TokenPair

# A token tells whole seconds.
ROUNDED_BY: Final = timedelta(seconds=1)


def put_back(
    session: Session, family_id: UUID, pair_id: UUID, issued_at: datetime, now: datetime
) -> TokenPair | None:
    """The pair as its token tells of it, when that is newer than every pair of the family, which is
    locked: those are spent from now on, as they were in what was lost. None when it is older: who
    holds a newer one is somebody else.
    """
    newest = session.execute(
        select(TokenPair.clinic_id, TokenPair.issued_at)
        .where(TokenPair.family_id == family_id)
        .order_by(TokenPair.issued_at.desc())
        .limit(1)
    ).one_or_none()
    if newest is None or newest.issued_at >= issued_at + ROUNDED_BY:
        return None
    row = {"clinic_id": newest.clinic_id, "id": pair_id, "family_id": family_id}
    session.execute(insert(TokenPair).values(**row, issued_at=issued_at, used_at=now))
    session.execute(
        update(TokenPair)
        .where(
            TokenPair.family_id == family_id,
            TokenPair.id != pair_id,
            TokenPair.spent_at.is_(None),
            TokenPair.voided_at.is_(None),
        )
        .values(used_at=func.coalesce(TokenPair.used_at, now), spent_at=now, successor_id=pair_id)
    )
    return session.scalars(select(TokenPair).where(TokenPair.id == pair_id)).one()
