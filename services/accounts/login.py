"""Log-in: one refusal for every cause, answered 1 s after it came (`api.http.hold`)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.accounts.account import email_digest
from services.accounts.guesses.delays import one_tries, stranger_tries
from services.accounts.guesses.device_links import mail_link
from services.accounts.guesses.devices import ClaimedDevice, known_device
from services.accounts.passwords import Turn, hash_password, is_outdated, matches
from services.accounts.tokens.families import Grant, start_family
from services.exceptions import LoginFailed, RateLimited, SecondFactorRequired
from services.unit_of_work import transaction

NOBODY: Final = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody who logs in sends."""

    email: str
    password: str
    totp: str | None = None
    recovery_code: str | None = None


def log_in(
    credentials: Credentials,
    address: str | None,
    now: datetime,
    devices: Sequence[ClaimedDevice] = (),
    link_page: str | None = None,
) -> Grant:
    """A new family for an active account with this password; `devices`: what the request claims to
    come from; `link_page`: the address that a link by mail leads to, for whoever is kept out.

    Raises `LoginFailed` for every cause alike, `RateLimited` when too many were tried, and
    `SecondFactorRequired` only after the right password.
    """
    account = find_account(credentials.email)
    device = known_device(*account, devices, now)
    try:
        return _log_in(credentials, address, now, account, device)
    except RateLimited:
        if device is None and link_page is not None:
            mail_link(credentials.email, account, link_page, now)
        raise


def _log_in(
    credentials: Credentials,
    address: str | None,
    now: datetime,
    account: tuple[UUID, UUID],
    device: UUID | None,
) -> Grant:
    clinic_id, user_id = account
    tries = (
        one_tries("device", device, now)
        if device
        else stranger_tries(credentials.email, address, now)
    )
    with tries as may_wait:
        with transaction(clinic_id) as session:
            kept = _password_of(session, user_id)
        turn = Turn.KNOWN if device else Turn.STRANGER if may_wait else Turn.IF_FREE
        if not matches(credentials.password, kept, turn):
            raise LoginFailed
        outdated = is_outdated(credentials.password, kept)
        renewed = hash_password(credentials.password) if outdated else kept
        with transaction(clinic_id) as session:
            # Looked at again, under a lock: it may have changed while argon2 was at work.
            if _password_of(session, user_id, lock=True) != kept:
                raise LoginFailed
            check_second_factor(session, user_id, credentials.totp, credentials.recovery_code)
            if outdated:
                session.execute(
                    update(User).where(User.id == user_id).values(password_hash=renewed)
                )
            grant = start_family(session, user_id, now)
            audit.record(session, user_id, "logged_in", now, object_id=grant.actor.family_id)
    return grant


def find_account(email: str) -> tuple[UUID, UUID]:
    """Clinic and account of an address, through the door; nil ids when nobody has it."""
    with transaction() as session:
        door = func.door_account(email_digest(email)).table_valued("clinic_id", "user_id")
        row = session.execute(select(door)).one_or_none()
    return (row.clinic_id, row.user_id) if row else (NOBODY, NOBODY)


def _password_of(session: Session, user_id: UUID, *, lock: bool = False) -> str | None:
    query = select(User.password_hash).where(User.id == user_id, User.active)
    return session.scalar(query.with_for_update(key_share=True) if lock else query)


def enrolled_factors(session: Session, user_id: UUID) -> tuple[str, ...]:  # noqa: ARG001 - the door
    """The kinds of second factor that the account has: none can be enrolled in this version."""
    return ()


def check_second_factor(
    session: Session, user_id: UUID, totp: str | None, recovery_code: str | None
) -> None:
    """Raise `SecondFactorRequired` when the account has a factor and none was sent."""
    factors = enrolled_factors(session, user_id)
    if factors and not (totp or recovery_code):
        raise SecondFactorRequired(factors=list(factors))
