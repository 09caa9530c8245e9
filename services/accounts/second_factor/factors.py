"""Which second factors an account has, and is what was sent one of them?

Parts of use cases; nothing here opens a transaction or counts tries.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, cast, delete, func, null, select, update
from sqlalchemy.orm import Session

from models import Clinic, Passkey, TotpFactor
from services.accounts.second_factor.challenges import Addressee, Answer, Challenge, take
from services.accounts.second_factor.passkeys import use_passkey
from services.accounts.second_factor.recovery_codes import codes_left, drop_codes, use_code
from services.accounts.second_factor.totp import step_of
from services.exceptions import Forbidden, NotFound, SecondFactorRequired, WrongFactor

LAST: Final = "Your clinic asks for a second factor, and this is your last one: add another first."


@dataclass(frozen=True, slots=True)
class SentFactor:
    """The code of an authenticator app, a passkey's answer and what it was asked, or a recovery
    code.
    """

    totp: str | None = None
    recovery_code: str | None = None
    passkey: Answer | None = None
    challenge: Challenge | None = None

    def __bool__(self) -> bool:
        return bool(self.totp or self.recovery_code or self.passkey)

    @property
    def field(self) -> str:
        """The field that it was sent in."""
        if self.totp:
            return "totp"
        return "passkey" if self.passkey else "recovery_code"


def take_challenge(
    session: Session, sent: SentFactor, whom: Addressee, now: datetime
) -> SentFactor:
    """A passkey's answer, with what it was asked, which is over from now on. To be committed before
    the answer is looked at: no question is answered twice.
    """
    return replace(sent, challenge=take(session, whom, sent.passkey or {}, now))


def own_factors(session: Session, user_id: UUID) -> list[UUID | None]:
    """The passkeys of the account, and None for its app."""
    app = select(cast(null(), Uuid)).where(
        TotpFactor.user_id == user_id, TotpFactor.confirmed_at.is_not(None)
    )
    passkeys = select(Passkey.id).where(Passkey.user_id == user_id)
    return list(session.scalars(app.union_all(passkeys)))


def enrolled_factors(session: Session, user_id: UUID) -> tuple[str, ...]:
    """What the account is asked besides its password, by the names of the fields of a log-in."""
    own = own_factors(session, user_id)
    if not own:
        return ()
    has = {"totp": None in own, "passkey": any(own), "recovery_code": codes_left(session, user_id)}
    return tuple(name for name, there in has.items() if there)


def enrolled_since(session: Session, user_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Of these accounts those that have a second factor, and since when."""
    apps = select(TotpFactor.user_id, TotpFactor.confirmed_at.label("at")).where(
        TotpFactor.confirmed_at.is_not(None)
    )
    either = apps.union_all(select(Passkey.user_id, Passkey.added_at)).subquery()
    query = (
        select(either.c.user_id, func.min(either.c.at).label("at"))
        .where(either.c.user_id.in_(user_ids))
        .group_by(either.c.user_id)
    )
    return {row.user_id: row.at for row in session.execute(query)}


def check_second_factor(session: Session, user_id: UUID, sent: SentFactor, now: datetime) -> None:
    """Use up what was sent. Raises `SecondFactorRequired` when the account has a factor and this is
    none of it; without one, whatever was sent is not looked at.
    """
    factors = enrolled_factors(session, user_id)
    if factors and not sent:
        raise SecondFactorRequired(factors=list(factors))
    refusal = use_factor(session, user_id, sent, now) if factors else None
    if refusal is not None:
        raise refusal(factors=list(factors))


def use_factor(
    session: Session, user_id: UUID, sent: SentFactor, now: datetime
) -> type[WrongFactor] | None:
    """Why it is refused; None: it is right. A code opens something once: of two requests with it
    one has it.
    """
    if sent.passkey and not sent.totp:
        return use_passkey(session, user_id, sent.passkey, sent.challenge, now)
    if sent.totp:
        is_right = _use_totp(session, user_id, sent.totp, now)
    else:
        is_right = use_code(session, user_id, sent.recovery_code or "")
    return None if is_right else WrongFactor


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
    had = own_factors(session, user_id)
    session.execute(delete(TotpFactor).where(TotpFactor.user_id == user_id))
    session.execute(delete(Passkey).where(Passkey.user_id == user_id))
    drop_codes(session, user_id)
    return bool(had)


def drop_factor(session: Session, user_id: UUID, which: UUID | None) -> None:
    """A passkey, or the app (None), is asked for no more; the last one takes the recovery codes
    with it. Raises as `check_removable` does.
    """
    check_removable(session, user_id, which)
    if which is None:
        session.execute(delete(TotpFactor).where(TotpFactor.user_id == user_id))
    else:
        session.execute(delete(Passkey).where(Passkey.id == which))
    if not own_factors(session, user_id):
        drop_codes(session, user_id)


def check_removable(session: Session, user_id: UUID, which: UUID | None) -> None:
    """May the account go without it? Raises `NotFound` when it has none such, `Forbidden` for the
    last factor where the clinic asks for one.
    """
    own = own_factors(session, user_id)
    if which not in own:
        raise NotFound
    if len(own) == 1 and policy_of(session) == "required":
        raise Forbidden(LAST)


def policy_of(session: Session) -> str:
    """What the clinic asks of its staff, a value of `SECOND_FACTOR`."""
    return session.scalars(select(Clinic.second_factor)).one()
