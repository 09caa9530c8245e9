"""Codes that staff hand over: easy to read out, stored only as keyed digests."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Final
from unicodedata import normalize
from uuid import UUID

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from models import Invitation
from models.base import new_id
from models.encryption import keyring

# No I, L, O, U: nobody mixes them up with 1, 0 and V.
ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LOOKALIKES: Final = str.maketrans("ILO", "110")
GROUPS: Final = 4
GROUP_LETTERS: Final = 5
VALID_FOR: Final = timedelta(days=7)


def issue_code(
    session: Session,
    clinic_id: UUID,
    user_id: UUID,
    invited_by: UUID | None,
    now: datetime,
    *,
    ends_old_devices: bool = False,
) -> tuple[str, datetime]:
    """A new code (100 bits) for an account, and when it expires: 7 days from now, one use."""
    code = new_code()
    expires_at = now + VALID_FOR
    session.execute(
        insert(Invitation).values(
            clinic_id=clinic_id,
            id=new_id(),
            user_id=user_id,
            code_digest=code_digest(code),
            invited_by=invited_by,
            ends_old_devices=ends_old_devices,
            created_at=now,
            expires_at=expires_at,
        )
    )
    return code, expires_at


def end_open_codes(session: Session, user_id: UUID, now: datetime) -> None:
    """Codes of invitations that nobody accepted yet are worth nothing from now on."""
    session.execute(
        update(Invitation)
        .where(
            Invitation.user_id == user_id,
            Invitation.accepted_at.is_(None),
            Invitation.expires_at > now,
        )
        .values(expires_at=now)
    )


def new_code() -> str:
    """Twenty random letters and digits (100 bits) in groups of five."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS)
    )


def code_digest(code: str, purpose: str = "invitations.code") -> bytes:
    """What a code is found by; case does not count, nor do look-alikes, nor blanks, hyphens and
    whatever else a mail or a keyboard puts between letters.
    """
    letters = "".join(filter(str.isalnum, normalize("NFKC", code).upper()))
    return keyring.digest(letters.translate(LOOKALIKES).encode(), purpose)
