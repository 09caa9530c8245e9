"""Somebody who is logged in shows once more that it is them: by password, or second factor."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import select

from models import User
from services.access import Actor
from services.accounts.candidates import FoundAccount
from services.accounts.guesses.delays import Key, one_tries
from services.accounts.guesses.failures import record_copied_passkey, record_wrong_factor
from services.accounts.guesses.tries import FACTOR
from services.accounts.passwords import Turn, matches
from services.accounts.second_factor.challenges import Addressee, Answer
from services.accounts.second_factor.factors import (
    SentFactor,
    enrolled_factors,
    policy_of,
    take_challenge,
    use_factor,
)
from services.accounts.tokens.token_check import acting
from services.exceptions import CopiedPasskey, Forbidden, Invalid

OFF: Final = "Your clinic has switched second factors off."
UNSET: Final = "Set a password first: your clinic can hand you a code for it."
NOT_YOURS: Final = "Not your present password."
BOTH: Final = "A code of the present second factor is asked for, too. A passkey is as good."


@dataclass(frozen=True, slots=True)
class Proof:
    """One of the four."""

    password: str | None = None
    totp: str | None = None
    recovery_code: str | None = None
    passkey: Answer | None = None

    @property
    def factor(self) -> SentFactor:
        """What was sent of a second factor."""
        return SentFactor(self.totp, self.recovery_code, self.passkey)


def addressee(actor: Actor, purpose: Literal["enrol", "prove"]) -> Addressee:
    """Whose answers count for this log-in."""
    return Addressee(actor.clinic_id, actor.user_id, purpose, actor.family_id)


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


def check_may_enrol(actor: Actor, proof: Proof, now: datetime) -> None:
    """Before a factor is added: proved as `check_both` says.

    Raises `Forbidden` where the clinic has none, `Invalid`, `RateLimited`.
    """
    with acting(actor, now) as session:
        if policy_of(session) == "off":
            raise Forbidden(OFF)
    check_both(actor, proof, now)


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
    """Use up a code or an answer of the own factor; raises `Invalid` for a wrong one, as
    `check_proof` does.
    """
    with one_tries("own_factor", actor.user_id, now, FACTOR):
        if sent.passkey:
            with acting(actor, now) as session:
                sent = take_challenge(session, sent, addressee(actor, "prove"), now)
        with acting(actor, now) as session:
            is_enrolled = bool(enrolled_factors(session, actor.user_id))
            refusal = use_factor(session, actor.user_id, sent, now)
        if refusal is None:
            return
        account = FoundAccount(actor.clinic_id, actor.user_id)
        if refusal is CopiedPasskey:
            record_copied_passkey(account, now)
        elif is_enrolled:
            record_wrong_factor(account, Key("own_factor", str(actor.user_id)), now)
        raise Invalid({sent.field: [refusal.detail]})
