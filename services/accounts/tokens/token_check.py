"""Does a verified token still hold? Epoch, account, family and pair, confirmed where work is
done.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any, Final

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.orm import Session

from models import TokenFamily, TokenPair, User
from models.statements import Query, Statement
from services.access import Actor
from services.accounts.tokens.families import revoke_for_theft
from services.exceptions import Unauthenticated
from services.unit_of_work import may_be_committed, transaction, watch_commits

# Built once: every request asks it.
_STANDING: Final = Statement(
    select(
        User.active,
        User.epoch,
        TokenFamily.revoked_at,
        TokenFamily.last_used_at,
        TokenFamily.lifetime_s,
        TokenPair.used_at,
        TokenPair.voided_at,
    )
    .join(TokenFamily, TokenFamily.user_id == User.id)
    .join(TokenPair, TokenPair.family_id == TokenFamily.id)
    .where(
        User.id == bindparam("user_id", type_=User.id.type),
        TokenFamily.id == bindparam("family_id", type_=TokenFamily.id.type),
        TokenPair.id == bindparam("pair_id", type_=TokenPair.id.type),
    )
)


class TokenStatus(Enum):
    """What the database says of a verified token."""

    IN_ORDER = auto()
    FIRST_USE = auto()
    STOLEN = auto()
    ENDED = auto()


def _standing(row: Any, actor: Actor, now: datetime) -> TokenStatus:
    """Compare account, epoch, family and pair with what the token claims."""
    if row is None or row.revoked_at is not None or not row.active or row.epoch != actor.epoch:
        return TokenStatus.ENDED
    if row.last_used_at + timedelta(seconds=row.lifetime_s) < now:
        return TokenStatus.ENDED
    if row.voided_at is not None:
        return TokenStatus.STOLEN
    return TokenStatus.IN_ORDER if row.used_at is not None else TokenStatus.FIRST_USE


@contextmanager
def acting(actor: Actor, now: datetime, *first: Query, snapshot: bool = False) -> Iterator[Session]:
    """A transaction in the actor's clinic, opened only for a token that still holds; `first` and
    `snapshot` as in `transaction`.

    The first use of a pair, and the theft that a voided token betrays, are committed on their own,
    so that they stand even when the use case then refuses. Raises `Unauthenticated`.
    """
    before = may_be_committed()
    token = Query(
        _STANDING,
        {"user_id": actor.user_id, "family_id": actor.family_id, "pair_id": actor.pair_id},
    )
    with transaction(actor.clinic_id, token, *first, snapshot=snapshot) as session:
        found = _standing(token.one_or_none(), actor, now)
        if found is TokenStatus.IN_ORDER:
            yield session
            return
    try:
        if found is not TokenStatus.ENDED and not _is_first_use(actor, found, now):
            found = TokenStatus.STOLEN
    finally:
        watch_commits(committed=before)
    if found is not TokenStatus.FIRST_USE:
        raise Unauthenticated
    with transaction(actor.clinic_id, *first, snapshot=snapshot) as session:
        yield session


def _is_first_use(actor: Actor, found: TokenStatus, now: datetime) -> bool:
    """Commit the first use, or the theft; a refresh may have voided the pair meanwhile."""
    with transaction(actor.clinic_id) as session:
        if found is TokenStatus.STOLEN:
            revoke_for_theft(session, actor.user_id, actor.family_id, now)
            return False
        return mark_used(session, actor, now)


def mark_used(session: Session, actor: Actor, now: datetime) -> bool:
    """A pair is used once either of its tokens is accepted; that also renews the family.

    Waits for a refresh of the same family. Returns `False` when that has voided the pair.
    """
    session.execute(
        select(TokenFamily.id).where(TokenFamily.id == actor.family_id).with_for_update()
    )
    marked = session.execute(
        update(TokenPair)
        .where(TokenPair.id == actor.pair_id, TokenPair.voided_at.is_(None))
        .values(used_at=func.coalesce(TokenPair.used_at, now))
        .returning(TokenPair.id)
    ).one_or_none()
    if marked is not None and not actor.token_expired:
        session.execute(
            update(TokenFamily)
            .where(TokenFamily.id == actor.family_id)
            .values(last_used_at=func.greatest(TokenFamily.last_used_at, now))
        )
    return marked is not None
