"""The API's half: somebody asks for a new password, and sets it with the code from the letter."""

from __future__ import annotations

from datetime import datetime
from hmac import compare_digest
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, insert, select, update
from sqlalchemy.orm import Session

from models import PasswordReset, PasswordResetRequest, User
from models.base import new_id
from services import audit
from services.accounts.account import email_digest
from services.accounts.guesses.delays import count_reset, guesses_codes
from services.accounts.letters import expire_letters
from services.accounts.new_passwords import hash_new_password
from services.accounts.tokens.families import end_families
from services.exceptions import ResetCodeInvalid
from services.password_reset.codes import credentials_digest, reset_code_digest
from services.unit_of_work import transaction

NOBODY: Final = UUID(int=0)


def ask_for_reset(email: str, address: str | None, now: datetime) -> None:
    """Write down that somebody asked: the same steps for every address, whoever has it. The worker
    mails a code if this is an account's address.

    `email` may be anything. Raises `RateLimited` while the network address waits.
    """
    count_reset(address, now)
    with transaction() as session:
        # No wake-up for the worker: a NOTIFY would make the commits that carry a page wait.
        session.execute(
            insert(PasswordResetRequest).values(
                id=new_id(), email_digest=email_digest(email), asked_at=now
            )
        )


def confirm_reset(code: str, password: str, address: str | None, now: datetime) -> None:
    """Set the password and end every log-in of the account; the log-in that follows asks for the
    second factor like any other.

    Raises `ResetCodeInvalid` alike for codes that are unknown, spent, expired, replaced by a
    newer one, or of an account that changed since; `RateLimited` after too many wrong ones.
    """
    with guesses_codes(address, now):
        digest = reset_code_digest(code)
        clinic_id, user_id = _find(digest)
        usable = _usable(user_id, digest, now)
        with transaction(clinic_id) as session:
            found = select(PasswordReset.credentials_digest).where(usable)
            _check_account(session, user_id, session.scalar(found))
        # argon2 takes its time: no row is locked meanwhile, and all is looked at again.
        password_hash = hash_new_password(clinic_id, user_id, password, "password")
        with transaction(clinic_id) as session:
            replaces = _spend(session, usable, now)
            # Whatever became of its letter: the code has arrived.
            expire_letters(session, clinic_id, user_id, now)
            # Families before accounts, as a refresh locks them.
            end_families(session, user_id, "password_reset", now)
            _check_account(session, user_id, replaces, lock=True)
            session.execute(
                update(User)
                .where(User.id == user_id)
                .values(password_hash=password_hash, epoch=User.epoch + 1)
            )
            audit.record(session, user_id, "password_reset", now, object_id=user_id)


def _find(digest: bytes) -> tuple[UUID, UUID]:
    with transaction() as session:
        door = func.door_password_reset(digest).table_valued("clinic_id", "user_id")
        row = session.execute(select(door)).one_or_none()
    return (row.clinic_id, row.user_id) if row else (NOBODY, NOBODY)


def _usable(user_id: UUID, digest: bytes, now: datetime) -> ColumnElement[bool]:
    return and_(
        PasswordReset.user_id == user_id,
        PasswordReset.code_digest == digest,
        PasswordReset.used_at.is_(None),
        PasswordReset.expires_at > now,
    )


def _spend(session: Session, usable: ColumnElement[bool], now: datetime) -> bytes | None:
    """Use the code up."""
    return session.scalar(
        update(PasswordReset)
        .where(usable)
        .values(used_at=now)
        .returning(PasswordReset.credentials_digest)
    )


def _check_account(
    session: Session, user_id: UUID, replaces: bytes | None, *, lock: bool = False
) -> None:
    """Raise `ResetCodeInvalid` unless the account still has what the code may replace."""
    query = select(User.password_hash, User.epoch).where(
        User.id == user_id, User.active, User.password_hash.is_not(None)
    )
    account = session.execute(
        query.with_for_update(key_share=True) if lock else query
    ).one_or_none()
    if account is None or replaces is None:
        raise ResetCodeInvalid
    if not compare_digest(replaces, credentials_digest(account.password_hash, account.epoch)):
        raise ResetCodeInvalid
