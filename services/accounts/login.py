"""Log-in: one refusal for every cause, answered 1 s after it came (`api.http.hold`)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.accounts.candidates import (
    FoundAccount,
    candidates,
    clinics_of,
    kept_password,
    password_of,
)
from services.accounts.guesses.delays import one_tries, stranger_tries
from services.accounts.guesses.device_links import mail_links
from services.accounts.guesses.devices import ClaimedDevice, known_device
from services.accounts.guesses.failures import record_failures
from services.accounts.passwords import Turn, fitting, hash_password, is_outdated
from services.accounts.tokens.families import Grant, start_family
from services.exceptions import (
    ChooseClinic,
    LoginFailed,
    RateLimited,
    SecondFactorRequired,
    Unavailable,
)
from services.unit_of_work import transaction

# Hashing is costly: of the accounts whose device is not known only the oldest are tried, unless a
# clinic is named. So whoever makes further ones for an address displaces nobody.
TRIED_AT_ONCE: Final = 4


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody who logs in sends; `clinic_id` where the password fits several accounts."""

    email: str
    password: str
    totp: str | None = None  # taken, and not looked at yet
    recovery_code: str | None = None
    clinic_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Fitting:
    """An account that the password fits, and the hash that said so."""

    account: FoundAccount
    kept: str


def log_in(
    credentials: Credentials,
    address: str | None,
    now: datetime,
    devices: Sequence[ClaimedDevice] = (),
    link_page: str | None = None,
) -> Grant:
    """A new family for an active account with this password; `devices`: what the request claims to
    come from; `link_page`: the address that a link by mail leads to, for whoever is kept out.

    Raises `LoginFailed` for every cause alike, `RateLimited` when too many were tried, and only
    after the right password `ChooseClinic` when it fits several, and `SecondFactorRequired`.
    """
    accounts = candidates(credentials.email, credentials.clinic_id)
    known = {
        one: device
        for one in accounts
        if (device := known_device(one.clinic_id, one.user_id, devices, now))
    }
    strangers = [one for one in accounts if one not in known]
    try:
        found = _fitting(credentials, address, now, known, strangers)
    except RateLimited:
        if link_page is not None and (strangers or not known):
            mail_links(credentials.email, strangers, link_page, now)
        raise
    if len(found) > 1:
        raise ChooseClinic(clinics=clinics_of([one.account for one in found]))
    return _enter(credentials, found[0], now)


def _fitting(
    credentials: Credentials,
    address: str | None,
    now: datetime,
    known: dict[FoundAccount, UUID],
    strangers: Sequence[FoundAccount],
) -> list[Fitting]:
    """All that the password fits. A known device's account waits for nobody else's tries."""
    groups: list[tuple[Sequence[FoundAccount], AbstractContextManager[bool], bool]] = [
        ((one,), one_tries("device", device, now), True) for one, device in known.items()
    ]
    if strangers or not known:
        counted = stranger_tries(credentials.email, address, now)
        groups.append((strangers[:TRIED_AT_ONCE], counted, False))
    found: list[Fitting] = []
    refusal: LoginFailed | RateLimited | Unavailable = LoginFailed()
    for accounts, tries, is_known in groups:
        right: list[Fitting] = []
        try:
            with tries as may_wait:
                turn = Turn.KNOWN if is_known else Turn.STRANGER if may_wait else Turn.IF_FREE
                right = _right(credentials.password, accounts, turn)
                found += right
                if not right or len(right) < len(accounts):
                    # What did not fit stays counted: an account of one's own must not pay for
                    # guesses at another.
                    raise LoginFailed
        except LoginFailed:
            fitted = {one.account for one in right}
            wrong = [one for one in accounts if one not in fitted]
            record_failures(wrong, known, credentials.email, now)
        except (RateLimited, Unavailable) as error:
            refusal = error
    if not found:
        raise refusal
    return found


def _right(password: str, accounts: Sequence[FoundAccount], turn: Turn) -> list[Fitting]:
    kept = [kept_password(one) for one in accounts]
    answers = fitting(password, kept, turn)
    tried = zip(accounts, kept, answers, strict=True)
    return [Fitting(one, hashed) for one, hashed, fits in tried if fits and hashed is not None]


def _enter(credentials: Credentials, found: Fitting, now: datetime) -> Grant:
    user_id = found.account.user_id
    outdated = is_outdated(credentials.password, found.kept)
    renewed = hash_password(credentials.password) if outdated else found.kept
    with _factor_tries(found.account, now), transaction(found.account.clinic_id) as session:
        # Looked at again, under a lock: it may have changed while argon2 was at work.
        if password_of(session, user_id, lock=True) != found.kept:
            raise LoginFailed
        check_second_factor(session, user_id)
        if outdated:
            session.execute(update(User).where(User.id == user_id).values(password_hash=renewed))
        grant = start_family(session, user_id, now)
        who = grant.actor
        audit.record(session, user_id, "logged_in", now, who.patient_id, who.family_id)
    return grant


def _factor_tries(account: FoundAccount, now: datetime) -> AbstractContextManager[object]:
    """Guesses at a second factor are counted; whoever makes them knows the password."""
    with transaction(account.clinic_id) as session:
        factors = enrolled_factors(session, account.user_id)
    return one_tries("factor", account.user_id, now) if factors else nullcontext()


def enrolled_factors(session: Session, user_id: UUID) -> tuple[str, ...]:  # noqa: ARG001 - the door
    """The kinds of second factor that the account has: none can be enrolled in this version."""
    return ()


def check_second_factor(session: Session, user_id: UUID) -> None:
    """Raise `SecondFactorRequired` when the account has a factor, whatever was sent: this version
    can check none, and what is not checked must not open anything.
    """
    factors = enrolled_factors(session, user_id)
    if factors:
        raise SecondFactorRequired(factors=list(factors))
