"""The own authenticator app: enrolled in two steps, so that none is asked for that shows no code;
removed, and its recovery codes made anew. Each ends every other log-in of the account.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import TotpFactor, User
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.guesses.delays import one_tries
from services.accounts.guesses.tries import FACTOR
from services.accounts.invitation_codes import end_open_codes
from services.accounts.letters import FACTOR_ADDED, FACTOR_REMOVED, tell_of
from services.accounts.second_factor.factors import (
    check_removable,
    drop_factor,
    enrolled_factors,
    policy_of,
)
from services.accounts.second_factor.proof import Proof, check_both, check_may_enrol
from services.accounts.second_factor.recovery_codes import codes_left, replace_codes
from services.accounts.second_factor.totp import new_secret, step_of, uri_of
from services.accounts.tokens.families import end_other_families
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound

CONFIRMED_WITHIN: Final = timedelta(hours=1)
WRONG: Final = "Not a code of this secret: is the clock of your device right?"
NOT_BEGUN: Final = (
    "Nothing waits for a code: begin anew, or make recovery codes if it is on already."
)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A secret that waits for its first code, and the same as an authenticator app reads it."""

    secret: str
    otpauth_uri: str


@dataclass(frozen=True, slots=True)
class OwnFactor:
    """What the account is asked for: since when, and how many recovery codes are left."""

    enabled: bool
    enabled_at: datetime | None
    recovery_codes_left: int
    policy: str


def get_factor(actor: Actor, now: datetime) -> OwnFactor:
    """The own second factor; raises `Forbidden` for a patient."""
    scopes(actor, Action.OWN_FACTOR)
    with acting(actor, now) as session:
        audit.record_read(session, actor, "second_factor_read", now)
        confirmed = select(TotpFactor.confirmed_at).where(TotpFactor.user_id == actor.user_id)
        since = session.scalar(confirmed)
        left = codes_left(session, actor.user_id)
        return OwnFactor(since is not None, since, left, policy_of(session))


def begin_totp(actor: Actor, proof: Proof, now: datetime) -> Enrolment:
    """A new secret, which nothing is asked of until `confirm_totp`; an earlier one that waited is
    over, and one that is in use stays so. The password is asked for, and where a factor is in use
    that as well.

    Raises `Forbidden` for a patient and where the clinic has none, `Invalid`, `RateLimited`.
    """
    scopes(actor, Action.OWN_FACTOR)
    check_may_enrol(actor, proof, now)
    secret = new_secret()
    with acting(actor, now) as session:
        _keep(session, actor, secret, now)
        audit.record(session, actor.user_id, "second_factor_begun", now, None, actor.user_id)
        return _enrolment(session, actor, secret)


def shown_again(actor: Actor, secret: str, now: datetime) -> Enrolment:
    """What somebody who mistyped a code is shown once more: of the secret that their form carries,
    whichever that is.
    """
    scopes(actor, Action.OWN_FACTOR)
    with acting(actor, now) as session:
        return _enrolment(session, actor, secret)


def confirm_totp(actor: Actor, code: str, now: datetime) -> list[str]:
    """The secret that waits is asked for from now on; returns the recovery codes, shown this once.
    The code is used up by it, and every other log-in ends.

    Raises `Forbidden` for a patient, `Invalid` for a wrong code and when nothing waits,
    `RateLimited` after several wrong ones.
    """
    scopes(actor, Action.OWN_FACTOR)
    tries = one_tries("own_factor", actor.user_id, now, FACTOR)
    with tries, acting(actor, now) as session:
        # Of two codes that were out for somebody who waited for one, the other asks for no factor.
        end_open_codes(session, actor.user_id, now)
        end_other_families(session, actor, "factor_changed", now)
        _confirm(session, actor, code, now)
        codes = replace_codes(session, actor.clinic_id, actor.user_id)
        tell_of(session, actor.clinic_id, actor.user_id, FACTOR_ADDED, now)
        audit.record(session, actor.user_id, "second_factor_added", now, None, actor.user_id)
    return codes


def remove_totp(actor: Actor, proof: Proof, now: datetime) -> None:
    """The app is asked for no more, and every other log-in ends. `proof`: the password and a code
    or a passkey; who has none asks an administrator.

    Raises `Forbidden` for a patient, and where the clinic asks for a factor and there is no other;
    `NotFound` when there is no app, `Invalid`, `RateLimited`.
    """
    scopes(actor, Action.OWN_FACTOR)
    with acting(actor, now) as session:
        check_removable(session, actor.user_id, None)
    check_both(actor, proof, now)
    with acting(actor, now) as session:
        end_other_families(session, actor, "factor_changed", now)
        drop_factor(session, actor.user_id, None)
        tell_of(session, actor.clinic_id, actor.user_id, FACTOR_REMOVED, now)
        audit.record(session, actor.user_id, "second_factor_removed", now, None, actor.user_id)


def renew_recovery_codes(actor: Actor, proof: Proof, now: datetime) -> list[str]:
    """Ten new recovery codes, shown this once; the earlier ones are over. Proved as a removal is:
    each of them would be good for one.

    Raises `Forbidden` for a patient, `NotFound` without a factor, `Invalid`, `RateLimited`.
    """
    scopes(actor, Action.OWN_FACTOR)
    _check_enrolled(actor, now)
    check_both(actor, proof, now)
    with acting(actor, now) as session:
        _lock(session, actor)
        if not enrolled_factors(session, actor.user_id):
            raise NotFound
        codes = replace_codes(session, actor.clinic_id, actor.user_id)
        audit.record(session, actor.user_id, "recovery_codes_made", now, None, actor.user_id)
    return codes


def _enrolment(session: Session, actor: Actor, secret: str) -> Enrolment:
    email = session.scalars(select(User.email).where(User.id == actor.user_id)).one()
    return Enrolment(secret, uri_of(secret, email))


def _check_enrolled(actor: Actor, now: datetime) -> None:
    with acting(actor, now) as session:
        if not enrolled_factors(session, actor.user_id):
            raise NotFound


def _keep(session: Session, actor: Actor, secret: str, now: datetime) -> None:
    """The new secret waits, beside the one in use."""
    key = {"clinic_id": actor.clinic_id, "user_id": actor.user_id}
    row = insert(TotpFactor).values(
        sealed(TotpFactor, key | {"new_secret": secret, "begun_at": now})
    )
    waiting = {name: row.excluded[name] for name in ("new_secret", "begun_at")}
    keys = ["clinic_id", "user_id"]
    session.execute(row.on_conflict_do_update(index_elements=keys, set_=waiting))


def _lock(session: Session, actor: Actor) -> None:
    account = select(User.id).where(User.id == actor.user_id)
    session.execute(account.with_for_update(key_share=True))


def _confirm(session: Session, actor: Actor, code: str, now: datetime) -> None:
    waiting = session.execute(
        select(TotpFactor.new_secret, TotpFactor.begun_at)
        .where(TotpFactor.user_id == actor.user_id)
        .with_for_update()
    ).one_or_none()
    if waiting is None or waiting.new_secret is None or waiting.begun_at + CONFIRMED_WITHIN < now:
        raise Invalid({"code": [NOT_BEGUN]})
    step = step_of(code, waiting.new_secret, now, after=0)
    if step is None:
        raise Invalid({"code": [WRONG]})
    key = {"clinic_id": actor.clinic_id, "user_id": actor.user_id}
    kept = {"secret": waiting.new_secret, "confirmed_at": now, "last_step": step}
    session.execute(
        update(TotpFactor)
        .where(TotpFactor.user_id == actor.user_id)
        .values(sealed(TotpFactor, kept, **key) | {"new_secret": None, "begun_at": None})
    )
