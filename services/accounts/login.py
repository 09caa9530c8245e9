"""Log-in: one refusal for every cause, answered 1 s after it came (`api.http.hold`)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import update

from models import User
from services import audit
from services.accounts.candidates import (
    FoundAccount,
    candidates,
    clinics_of,
    kept_password,
    password_of,
)
from services.accounts.guesses.delays import (
    factor_key,
    factor_tries,
    one_tries,
    stranger_tries,
)
from services.accounts.guesses.device_links import mail_links
from services.accounts.guesses.devices import ClaimedDevice, known_device
from services.accounts.guesses.failures import (
    record_copied_passkey,
    record_failures,
    record_wrong_factor,
)
from services.accounts.passwords import Turn, fitting, hash_password, is_outdated
from services.accounts.second_factor.challenges import Addressee, Answer, Site
from services.accounts.second_factor.factors import (
    SentFactor,
    check_second_factor,
    enrolled_factors,
    take_challenge,
)
from services.accounts.second_factor.passkeys import ask_passkey
from services.accounts.tokens.families import PHONE, Grant, LoggedInBy, start_family
from services.exceptions import (
    ChooseClinic,
    CopiedPasskey,
    LoginFailed,
    RateLimited,
    SecondFactorRequired,
    Unavailable,
    WrongFactor,
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
    totp: str | None = None
    recovery_code: str | None = None
    passkey: Answer | None = None
    clinic_id: UUID | None = None
    by: LoggedInBy = PHONE

    @property
    def factor(self) -> SentFactor:
        """What was sent of a second factor."""
        return SentFactor(self.totp, self.recovery_code, self.passkey)


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
    site: Site | None = None,
) -> Grant:
    """A new family for an active account with this password; `devices`: what the request claims to
    come from; `link_page`: the address that a link by mail leads to, for whoever is kept out;
    `site`: where passkeys can be asked for.

    Raises `LoginFailed` for every cause alike, `RateLimited` when too many were tried, and only
    after the right password `ChooseClinic` when it fits several, and `SecondFactorRequired`, with
    what a browser asks one of the account's passkeys.
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
    (one,) = found
    try:
        with count_factor(credentials.factor, one.account, known.get(one.account), address, now):
            return _enter(credentials, one, now)
    except RateLimited:
        if link_page is not None and one.account not in known:
            mail_links(credentials.email, [one.account], link_page, now)
        raise
    except SecondFactorRequired as error:
        if site is not None and "passkey" in error.extra["factors"]:
            error.extra |= _asked(one.account, site, now)
        raise


def _asked(account: FoundAccount, site: Site, now: datetime) -> dict[str, Any]:
    with transaction(account.clinic_id) as session:
        options = ask_passkey(session, _log_in_of(account), site, now)
    return {} if options is None else {"passkey": options}


def _log_in_of(account: FoundAccount) -> Addressee:
    return Addressee(account.clinic_id, account.user_id, "log_in")


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
    user_id, factor = found.account.user_id, credentials.factor
    if factor.passkey:
        with transaction(found.account.clinic_id) as session:
            factor = take_challenge(session, factor, _log_in_of(found.account), now)
    outdated = is_outdated(credentials.password, found.kept)
    renewed = hash_password(credentials.password) if outdated else found.kept
    with transaction(found.account.clinic_id) as session:
        # Looked at again, under a lock: it may have changed while argon2 was at work.
        if password_of(session, user_id, lock=True) != found.kept:
            raise LoginFailed
        check_second_factor(session, user_id, factor, now)
        if outdated:
            session.execute(update(User).where(User.id == user_id).values(password_hash=renewed))
        grant = start_family(session, user_id, now, credentials.by)
        who = grant.actor
        audit.record(session, user_id, "logged_in", now, who.patient_id, who.family_id)
    return grant


@contextmanager
def count_factor(
    sent: SentFactor,
    account: FoundAccount,
    device: UUID | None,
    address: str | None,
    now: datetime,
) -> Iterator[None]:
    """Codes that are tried are counted; whoever tries them knows the password, or is signed in with
    the clinic's provider. To be asked for one is no try.
    """
    with transaction(account.clinic_id) as session:
        is_asked = bool(enrolled_factors(session, account.user_id))
    if not is_asked or not sent:
        yield
        return
    try:
        with factor_tries(account.user_id, device, address, now):
            yield
    except CopiedPasskey:
        record_copied_passkey(account, now)
        raise
    except WrongFactor:
        record_wrong_factor(account, factor_key(account.user_id, device), now)
        raise
