"""What ends with an account, or with what it was: codes that are out, and letters on their way."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import PasswordReset
from services.accounts.address_changes import end_changes
from services.accounts.invitation_codes import end_open_codes
from services.accounts.letters import expire_letters


def end_codes_and_letters(session: Session, clinic_id: UUID, user_id: UUID, now: datetime) -> None:
    """An account ends, or begins anew: no code that is out opens anything any more, and no letter
    goes out.
    """
    end_changes(session, user_id, now)
    end_reset_code(session, user_id, now)
    end_open_codes(session, user_id, now)
    expire_letters(session, clinic_id, user_id, now, every=True)


def end_reset_code(session: Session, user_id: UUID, now: datetime) -> None:
    """A code for a new password that is out is worth nothing from now on."""
    session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user_id, PasswordReset.used_at.is_(None))
        .values(used_at=now)
    )
