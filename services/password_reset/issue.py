"""The worker's half: whose address is it, and a code for whoever has one to lose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Row, delete, func, literal, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import PasswordReset, PasswordResetRequest
from services.accounts.invitation_codes import new_code
from services.accounts.letters import expire_letters, letter_failed, queue_letter
from services.claims import first_free
from services.password_reset.codes import VALID_FOR, reset_code_digest
from services.unit_of_work import transaction


@dataclass(frozen=True, slots=True)
class Forgetful:
    """An active account with a password, and what a code for it may replace."""

    clinic_id: UUID
    user_id: UUID
    credentials_digest: bytes


def issue_one(now: datetime) -> bool:
    """Take the oldest request, make a code and queue a letter for each account that the address
    has; False when nobody asked.

    Nothing comes of a request under nobody's address, of a deactivated account, of one without a
    password (its phone is its key, or its invitation still is), and of one older than 30 minutes.
    """
    with transaction() as session:
        asked = take_oldest(session)
        if asked is None:
            return False
        if now < asked.asked_at + VALID_FOR:
            for account in _accounts_of(session, asked.email_digest):
                _replace_code(session, account, asked.asked_at, now)
        return True


def take_oldest(session: Session) -> Row[bytes, datetime] | None:
    """Remove the oldest request that no other worker is taking, and return it."""
    oldest = first_free(
        select(PasswordResetRequest.id).order_by(PasswordResetRequest.id), of=PasswordResetRequest
    )
    return session.execute(
        delete(PasswordResetRequest)
        .where(PasswordResetRequest.id == oldest.c.id)
        .returning(PasswordResetRequest.email_digest, PasswordResetRequest.asked_at)
    ).one_or_none()


def _accounts_of(session: Session, email_digest: bytes) -> list[Forgetful]:
    """One in each clinic at most; in one order, as other workers lock their codes too."""
    door = func.door_forgotten_password(email_digest).table_valued(
        "clinic_id", "user_id", "credentials_digest"
    )
    found = [Forgetful(*row) for row in session.execute(select(door))]
    return sorted(found, key=lambda one: one.user_id)


def _replace_code(session: Session, account: Forgetful, asked_at: datetime, now: datetime) -> None:
    """The account's one code is this one from now on. While an earlier one may still be used
    nothing comes of it: a stranger who asks again and again voids no code and fills no mailbox.
    """
    code, expires_at = new_code(), asked_at + VALID_FOR
    fresh = {
        "asked_at": asked_at,
        "expires_at": expires_at,
        "used_at": None,
        "code_digest": reset_code_digest(code),
        "credentials_digest": account.credentials_digest,
    }
    whose = (account.clinic_id, account.user_id)
    replaced = session.scalar(
        insert(PasswordReset)
        .values(clinic_id=account.clinic_id, user_id=account.user_id, **fresh)
        .on_conflict_do_update(
            index_elements=["clinic_id", "user_id"],
            set_=fresh,
            where=or_(
                PasswordReset.asked_at <= asked_at - VALID_FOR,
                PasswordReset.used_at < asked_at,
                literal(_code_was_lost(session, *whose)),
            ),
        )
        .returning(PasswordReset.user_id)
    )
    if replaced is not None:
        expire_letters(session, *whose, now)
        queue_letter(session, *whose, code=code, expires_at=expires_at, now=now)


def _code_was_lost(session: Session, clinic_id: UUID, user_id: UUID) -> bool:
    """Was the letter with the account's present code given up, whatever became of other letters?"""
    asked_at = session.scalar(
        select(PasswordReset.asked_at).where(
            PasswordReset.clinic_id == clinic_id, PasswordReset.user_id == user_id
        )
    )
    ends_at = None if asked_at is None else asked_at + VALID_FOR
    return letter_failed(session, clinic_id, user_id, ends_at)
