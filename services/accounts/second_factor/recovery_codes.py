"""Recovery codes: ten, shown once, kept as keyed digests, each good for one log-in.

Digits alone, so that they are typed where the app's code is, on the same keypad: 16 of them are 53
bits, tried at the pace of a second factor (`services.accounts.guesses`).
"""

from __future__ import annotations

import secrets
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from models import RecoveryCode
from models.encryption import keyring
from services.accounts.second_factor.totp import digits_of

CODES: Final = 10
GROUPS: Final = 4
GROUP_DIGITS: Final = 4
LENGTH: Final = GROUPS * GROUP_DIGITS


def replace_codes(session: Session, clinic_id: UUID, user_id: UUID) -> list[str]:
    """Ten new codes; those from before are worth nothing any more."""
    codes = [_new_code() for _ in range(CODES)]
    drop_codes(session, user_id)
    session.execute(
        insert(RecoveryCode),
        [
            {"clinic_id": clinic_id, "user_id": user_id, "code_digest": _digest(code)}
            for code in codes
        ],
    )
    return codes


def drop_codes(session: Session, user_id: UUID) -> None:
    """None of the account's codes opens anything any more."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def codes_left(session: Session, user_id: UUID) -> int:
    """How many were not used."""
    left = select(func.count()).select_from(RecoveryCode).where(RecoveryCode.user_id == user_id)
    return session.scalars(left).one()


def use_code(session: Session, user_id: UUID, typed: str) -> bool:
    """Was it one of the account's codes? Then it is gone: of two at once one finds it."""
    used = session.scalar(
        delete(RecoveryCode)
        .where(RecoveryCode.user_id == user_id, RecoveryCode.code_digest == _digest(typed))
        .returning(RecoveryCode.user_id)
    )
    return used is not None


def is_recovery_code(typed: str) -> bool:
    """Is it as long as one, where either kind of code may be typed?"""
    return len(digits_of(typed)) == LENGTH


def _new_code() -> str:
    digits = f"{secrets.randbelow(10**LENGTH):0{LENGTH}}"
    return "-".join(digits[at : at + GROUP_DIGITS] for at in range(0, LENGTH, GROUP_DIGITS))


def _digest(typed: str) -> bytes:
    return keyring.digest(digits_of(typed).encode(), "recovery_codes.code")
