"""Which second factors an account has, and is what was sent one of them?

Parts of use cases; nothing here opens a transaction or counts tries.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from models import TotpFactor
from services.accounts.second_factor.recovery_codes import codes_left, drop_codes, use_code
from services.accounts.second_factor.totp import step_of
from services.exceptions import SecondFactorRequired, WrongFactor


@dataclass(frozen=True, slots=True)
class SentFactor:
    """The code of an authenticator app, or a recovery code."""

    totp: str | None = None
    recovery_code: str | None = None

    def __bool__(self) -> bool:
        return bool(self.totp or self.recovery_code)


def enrolled_factors(session: Session, user_id: UUID) -> tuple[str, ...]:
    """What the account is asked besides its password, by the names of the fields of a log-in."""
    confirmed = select(TotpFactor.user_id).where(
        TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None)
    )
    if session.scalar(confirmed) is None:
        return ()
    return ("totp", "recovery_code") if codes_left(session, user_id) else ("totp",)


def enrolled_since(session: Session, user_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Of these accounts those that have a second factor, and since when."""
    query = select(TotpFactor.user_id, TotpFactor.confirmed_at).where(
        TotpFactor.user_id.in_(user_ids), TotpFactor.confirmed_at.is_not(None)
    )
    return {user_id: at for user_id, at in session.execute(query) if at is not None}


def check_second_factor(session: Session, user_id: UUID, sent: SentFactor, now: datetime) -> None:
    """Use up what was sent. Raises `SecondFactorRequired` when the account has a factor and this is
    none of it; without one, whatever was sent is not looked at.
    """
    factors = enrolled_factors(session, user_id)
    if factors and not use_factor(session, user_id, sent, now):
        refusal = WrongFactor if sent else SecondFactorRequired
        raise refusal(factors=list(factors))


def use_factor(session: Session, user_id: UUID, sent: SentFactor, now: datetime) -> bool:
    """Is it right? A code opens something once: of two requests with it one has it."""
    if sent.totp:
        return _use_totp(session, user_id, sent.totp, now)
    return bool(sent.recovery_code) and use_code(session, user_id, sent.recovery_code or "")


def _use_totp(session: Session, user_id: UUID, typed: str, now: datetime) -> bool:
    factor = session.execute(
        select(TotpFactor.secret, TotpFactor.last_step)
        .where(TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None))
        .with_for_update()
    ).one_or_none()
    step = None if factor is None else step_of(typed, factor.secret, now, factor.last_step)
    if step is None:
        return False
    session.execute(update(TotpFactor).where(TotpFactor.user_id == user_id).values(last_step=step))
    return True


def drop_factors(session: Session, user_id: UUID) -> bool:
    """The account is asked for its password alone; returns whether it was asked for more."""
    had = enrolled_factors(session, user_id)
    session.execute(delete(TotpFactor).where(TotpFactor.user_id == user_id))
    drop_codes(session, user_id)
    return bool(had)
