"""Refresh: a lost answer locks no phone out, and a stolen token still ends the family."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import TokenFamily, TokenPair, User
from services.accounts.account import load_profile
from services.accounts.tokens.families import Grant, grant_of, issue_pair, revoke_for_theft
from services.accounts.tokens.lost_pairs import put_back
from services.exceptions import Unauthenticated
from services.patients.recount import count_entries_of
from services.unit_of_work import transaction

SAME_PAIR_WITHIN: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Presented:
    """What a genuine refresh token claims; the database decides whether it still holds.

    `issued_at`: in whole seconds; None where nobody asks.
    """

    clinic_id: UUID
    user_id: UUID
    family_id: UUID
    pair_id: UUID
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PairState:
    """A pair as it stands: issued, perhaps used, spent or voided."""

    id: UUID
    issued_at: datetime
    used: bool = False
    spent: bool = False
    voided: bool = False


class Answer(Enum):
    """What a presented refresh token is answered."""

    NEW = auto()
    SAME_AGAIN = auto()
    REPLACE_UNUSED = auto()
    THEFT = auto()


def decide(pair: PairState, successor: PairState | None, now: datetime) -> Answer:
    """The contract's rule, row by row (a pair is used once either of its tokens is accepted)."""
    if pair.voided:
        return Answer.THEFT
    if not pair.spent or successor is None:
        return Answer.NEW
    if successor.used or successor.voided:
        return Answer.THEFT
    if now - successor.issued_at <= SAME_PAIR_WITHIN:
        return Answer.SAME_AGAIN
    return Answer.REPLACE_UNUSED


def refresh(presented: Presented, now: datetime) -> Grant:
    """A new pair, or after a lost answer the same or a fresh one.

    The end of a stolen family is committed before this raises `Unauthenticated`, which it does
    for every token that does not hold.
    """
    with transaction(presented.clinic_id) as session:
        grant = _refresh(session, presented, now)
    if grant is None:
        raise Unauthenticated
    if grant.actor.patient_id is not None:
        # A transaction of its own: the family is locked before the status row nowhere else.
        with transaction(presented.clinic_id) as session:
            count_entries_of(session, grant.actor.patient_id, presented.family_id, now)
    return grant


def _refresh(session: Session, presented: Presented, now: datetime) -> Grant | None:
    if not _lock_living_family(session, presented, now):
        return None
    row = session.execute(
        select(TokenPair).where(
            TokenPair.id == presented.pair_id, TokenPair.family_id == presented.family_id
        )
    ).scalar_one_or_none()
    if row is None:
        if presented.issued_at is None:
            return None
        row = put_back(session, presented.family_id, presented.pair_id, presented.issued_at, now)
    if row is None:
        revoke_for_theft(session, presented.user_id, presented.family_id, now)
        return None
    successor = session.scalar(select(TokenPair).where(TokenPair.id == row.successor_id))
    answer = decide(_state(row), _state(successor) if successor else None, now)
    if answer is Answer.THEFT:
        revoke_for_theft(session, presented.user_id, presented.family_id, now)
        return None
    profile = load_profile(session, presented.user_id)
    if answer is Answer.SAME_AGAIN and successor is not None:
        return grant_of(profile, presented.family_id, successor.id, successor.issued_at)
    if answer is Answer.REPLACE_UNUSED and successor is not None:
        successor.voided_at = now
    grant = issue_pair(session, profile, presented.family_id, now)
    _spend(session, presented, grant.actor.pair_id, now)
    return grant


def _lock_living_family(session: Session, presented: Presented, now: datetime) -> bool:
    """The family's row is the lock: refreshes of one family take turns."""
    family = session.execute(
        select(TokenFamily.last_used_at, TokenFamily.lifetime_s)
        .join(User, User.id == TokenFamily.user_id)
        .where(
            TokenFamily.id == presented.family_id,
            TokenFamily.user_id == presented.user_id,
            TokenFamily.revoked_at.is_(None),
            User.active,
        )
        .with_for_update(of=TokenFamily)
    ).one_or_none()
    return family is not None and now <= family.last_used_at + timedelta(seconds=family.lifetime_s)


def _spend(session: Session, presented: Presented, successor_id: UUID, now: datetime) -> None:
    session.execute(
        update(TokenPair)
        .where(TokenPair.id == presented.pair_id)
        .values(
            used_at=func.coalesce(TokenPair.used_at, now),
            spent_at=func.coalesce(TokenPair.spent_at, now),
            successor_id=successor_id,
        )
    )
    session.execute(
        update(TokenFamily)
        .where(TokenFamily.id == presented.family_id)
        .values(last_used_at=func.greatest(TokenFamily.last_used_at, now))
    )


def _state(row: TokenPair) -> PairState:
    return PairState(
        id=row.id,
        issued_at=row.issued_at,
        used=row.used_at is not None,
        spent=row.spent_at is not None,
        voided=row.voided_at is not None,
    )
