"""What a token that should no longer exist betrays: somebody has a copy of it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import User
from services import audit
from services.accounts.families import end_family

REUSED = "token_reuse"


def revoke_for_theft(session: Session, user_id: UUID, family_id: UUID, now: datetime) -> None:
    """End the family; the caseload then says that the phone needs a new invitation."""
    if not end_family(session, family_id, REUSED, now):
        return
    session.execute(update(User).where(User.id == user_id).values(needs_invitation=True))
    audit.record(session, user_id, "token_reused", now, object_id=family_id)
