"""Somebody who is logged in shows once more that it is them: by password, or second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from models import User
from services.access import Actor
from services.accounts.guesses.delays import one_tries
from services.accounts.guesses.tries import FACTOR
from services.accounts.passwords import Turn, matches
from services.accounts.second_factor.factors import SentFactor, enrolled_factors, use_factor
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, WrongFactor

UNSET: Final = "Set a password first: your clinic can hand you a code for it."
NOT_YOURS: Final = "Not your present password."
BOTH: Final = "A code of the present second factor is asked for, too."


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the three."""

    password: str | None = None
    totp: str | None = None
    recovery_code: str | None = None

    @property
    def factor(self) -> SentFactor:
        """What was sent of a second factor."""
        return SentFactor(self.totp, self.recovery_code)


def check_proof(actor: Actor, proof: Proof, now: datetime) -> str | None:
    """The hash of the password that was right, or that stands beside the factor; a code is used up.

    Raises `Invalid`, and `RateLimited` after several wrong ones, which nobody else can spend.
    """
    with acting(actor, now) as session:
        kept = session.scalar(select(User.password_hash).where(User.id == actor.user_id))
    if proof.factor:
        check_own_factor(actor, proof.factor, now)
    elif kept is None:
        raise Invalid({"password": [UNSET]})
    else:
        with one_tries("password", actor.user_id, now):
            if not matches(proof.password or "", kept, Turn.STRANGER):
                raise Invalid({"password": [NOT_YOURS]})
    return kept


def check_both(actor: Actor, proof: Proof, now: datetime) -> None:
    """What touches a second factor takes the password, and where there is one a code of it: who
    has read the password and found an open log-in does not take away what protects from them.

    Raises `Invalid`, and `RateLimited`, as `check_proof` does.
    """
    with acting(actor, now) as session:
        is_enrolled = bool(enrolled_factors(session, actor.user_id))
    if is_enrolled and not proof.factor:
        raise Invalid({"totp": [BOTH]})
    check_proof(actor, Proof(proof.password or ""), now)
    if is_enrolled:
        check_own_factor(actor, proof.factor, now)


def check_own_factor(actor: Actor, sent: SentFactor, now: datetime) -> None:
    """Use up a code of the own factor; raises `Invalid` for a wrong one, as `check_proof` does."""
    with (
        one_tries("own_factor", actor.user_id, now, FACTOR),
        acting(actor, now) as session,
    ):
        if not use_factor(session, actor.user_id, sent, now):
            raise Invalid({"totp" if sent.totp else "recovery_code": [WrongFactor.detail]})
