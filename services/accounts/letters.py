"""The letter with a code: nothing in it about who the account belongs to, or what it is for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import func, insert, select, true, update
from sqlalchemy.orm import Session

from models import Notification
from models.alerts.notification import UNFINISHED
from models.base import new_id
from services.channels.base import Letter

SUBJECT: Final = "[Interlude] Your code for a new password"
TEXT: Final = """\
Somebody, probably you, asked for a new password for your Interlude account.

Your code: {code}

Enter it in the app, under "forgotten password", together with your new password. It works once,
until {until} UTC. Until then no other code is sent, however often somebody asks.
Afterwards every device has to log in again.

Where this address has accounts in several clinics, each gets a letter with a code of its own.

If it was not you, do nothing: your password stays as it is. Nobody at your clinic or of Interlude
will ever ask you for this code.
"""


LINK_SUBJECT: Final = "[Interlude] If you cannot log in"
LINK_TEXT: Final = """\
Somebody, perhaps you, tried to log in to your Interlude account more often than it takes from
devices that it does not know.

If you are kept out, open {what} on the device on which you want to log in, and confirm it:

{code}

It works once, until {until} UTC.

If it was not you, do nothing: nobody got in.
"""

# A server that does not know its own address sends the rest of it.
DEVICE_PATH: Final = "/a/device?link="
BARE_PATH: Final = "this page of your Interlude server"

DEVICE_SUBJECT: Final = "[Interlude] A further device has logged in"
DEVICE_TEXT: Final = """\
A further device has been added to your Interlude account, with an invitation that was handed out
for it. It can read and write whatever you can.

If it is yours, do nothing. If not, call your clinic: they can end it at once.
"""
# Letters with a code or a link end sooner than those that only tell of something.
CODES_LIVE_LESS_THAN: Final = timedelta(days=1)
DEVICE: Final = "a further device"
DEVICE_WAITS_FOR: Final = timedelta(days=3)


def letter_of(notification_id: UUID, address: str, code: str, expires_at: datetime) -> Letter:
    """The letter that carries this code, or this link for a device, or tells of a further one.

    `expires_at` in UTC.
    """
    if code == DEVICE:
        return Letter(notification_id, address, DEVICE_SUBJECT, DEVICE_TEXT)
    subject, text = (LINK_SUBJECT, LINK_TEXT) if DEVICE_PATH in code else (SUBJECT, TEXT)
    what = BARE_PATH if code.startswith("/") else "this link"
    filled = text.format(code=code, what=what, until=f"{expires_at:%Y-%m-%d %H:%M}")
    return Letter(notification_id, address, subject, filled)


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


def tell_of_device(session: Session, clinic_id: UUID, user_id: UUID, now: datetime) -> None:
    """Whoever owns the account hears of a device that somebody else may have added."""
    until = now + DEVICE_WAITS_FOR
    queue_letter(session, clinic_id, user_id, code=DEVICE, expires_at=until, now=now)


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


def expire_letters(
    session: Session, clinic_id: UUID, user_id: UUID, now: datetime, *, every: bool = False
) -> None:
    """The account's letters that are not out yet carry a code that is worth nothing any more; what
    only tells of something still goes out, unless `every` letter ends.
    """
    only_codes = Notification.expires_at < now + CODES_LIVE_LESS_THAN
    session.execute(
        update(Notification)
        .where(
            Notification.clinic_id == clinic_id,
            Notification.user_id == user_id,
            Notification.kind == "letter",
            Notification.state.in_(UNFINISHED),
            true() if every else only_codes,
        )
        .values(expires_at=func.least(Notification.expires_at, now))
    )
