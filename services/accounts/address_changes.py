"""Changes of an account's address, as other parts need them: locked, reserved, ended."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import EmailChange

UNDONE_WITHIN: Final = timedelta(days=7)


def lock_open_changes(session: Session, user_id: UUID) -> Sequence[EmailChange]:
    """All changes of an account that were not undone, the oldest first.

    Locked before codes for passwords, families and accounts.
    """
    return session.scalars(
        select(EmailChange)
        .where(EmailChange.user_id == user_id, EmailChange.ended_at.is_(None))
        .order_by(EmailChange.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).all()


def may_be_undone(change: EmailChange, now: datetime) -> bool:
    """For 7 days after it was confirmed, or asked for."""
    since = change.confirmed_at or change.asked_at
    return change.ended_at is None and now < since + UNDONE_WITHIN


def end_changes(session: Session, user_id: UUID, now: datetime) -> None:
    """The account ends: nothing is confirmed or undone any more, and no address kept for it."""
    for change in lock_open_changes(session, user_id):
        change.ended_at = now
    session.flush()


def is_kept_for_another(
    session: Session, digest: bytes, now: datetime, but: UUID | None = None
) -> bool:
    """Did another account of this clinic leave the address so lately that it may go back to it?
    Otherwise whoever took that account over could give its owner's address away.
    """
    kept = select(EmailChange.id).where(
        EmailChange.old_digest == digest,
        EmailChange.ended_at.is_(None),
        EmailChange.confirmed_at > now - UNDONE_WITHIN,
        EmailChange.user_id != but,
    )
    return session.scalar(kept.limit(1)) is not None
