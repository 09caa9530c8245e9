"""The letter with a code: nothing in it about who the account belongs to, or what it is for."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models import Notification
from models.base import new_id
from models.notification import UNFINISHED
from services.channels.base import Letter

SUBJECT: Final = "[Interlude] Your code for a new password"
TEXT: Final = """\
Somebody, probably you, asked for a new password for your Interlude account.

Your code: {code}

Enter it in the app, under "forgotten password", together with your new password. It works once,
until {until} UTC. Until then no other code is sent, however often somebody asks.
Afterwards every device has to log in again.

If it was not you, do nothing: your password stays as it is. Nobody at your clinic or of Interlude
will ever ask you for this code.
"""


def letter_of(notification_id: UUID, address: str, code: str, expires_at: datetime) -> Letter:
    """The letter that carries this code; `expires_at` in UTC."""
    text = TEXT.format(code=code, until=f"{expires_at:%Y-%m-%d %H:%M}")
    return Letter(notification_id, address, SUBJECT, text)


def queue_letter(
    session: Session,
    clinic_id: UUID,
    user_id: UUID,
    *,
    code: str,
    expires_at: datetime,
    now: datetime,
) -> None:
    """A letter with this code to the account's address, due at once. No `NOTIFY` for the workers:
    it would make the commits that carry a page wait.
    """
    session.execute(
        insert(Notification).values(
            clinic_id=clinic_id,
            id=new_id(),
            kind="letter",
            page_round=0,
            page_step=0,
            user_id=user_id,
            channel="email",
            created_at=now,
            due_at=now,
            expires_at=expires_at,
            sealed_code=code,
        )
    )


def last_letter_failed(session: Session, clinic_id: UUID, user_id: UUID) -> bool:
    """Was the account's newest letter given up? Then nobody has its code."""
    newest = (
        select(Notification.state)
        .where(
            Notification.clinic_id == clinic_id,
            Notification.user_id == user_id,
            Notification.kind == "letter",
        )
        .order_by(Notification.created_at.desc(), Notification.id.desc())
        .limit(1)
    )
    return session.scalar(newest) == "failed_permanently"


def expire_letters(session: Session, clinic_id: UUID, user_id: UUID, now: datetime) -> None:
    """The account's letters that are not out yet carry a code that is worth nothing any more."""
    session.execute(
        update(Notification)
        .where(
            Notification.clinic_id == clinic_id,
            Notification.user_id == user_id,
            Notification.kind == "letter",
            Notification.state.in_(UNFINISHED),
        )
        .values(expires_at=func.least(Notification.expires_at, now))
    )
