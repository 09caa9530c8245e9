"""The letter with a code: nothing in it about who the account belongs to, or what it is for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select, true, update
from sqlalchemy.orm import Session

from models import Notification
from models.alerts.notification import UNFINISHED
from models.base import new_id
from models.sealing import sealed
from services.channels.base import Letter, short_id

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
UNDO_PATH: Final = "/a/email?link="
BARE_PATH: Final = "this page of your Interlude server"

DEVICE_SUBJECT: Final = "[Interlude] A further device has logged in"
DEVICE_TEXT: Final = """\
A further device has been added to your Interlude account, with an invitation that was handed out
for it. It can read and write whatever you can.

If it is yours, do nothing. If not, call your clinic: they can end it at once.
"""
NEW_ADDRESS_SUBJECT: Final = "[Interlude] Your code for a new address"
NEW_ADDRESS_TEXT: Final = """\
Somebody, probably you, wants their Interlude account to have this address.

Your code: {code}

Enter it in the app, where you asked for the change. It works once, until {until} UTC.

If it was not you, do nothing.
"""

ASKED_SUBJECT: Final = "[Interlude] A new address was asked for"
ASKED_TEXT: Final = """\
Somebody who is logged in to your Interlude account, probably you, asked for another address for it.
This one stays until the other is confirmed.

If it was not you, open {what} and confirm it. It ends the change, and every log-in:

{code}

It works until {until} UTC, also after the change was confirmed.
"""

CHANGED_SUBJECT: Final = "[Interlude] Your account has another address now"
CHANGED_TEXT: Final = """\
Your Interlude account has another address from now on. Nothing more is sent to this one.

If it was not you, open {what} and confirm it. Your account gets this address back, and every
log-in ends:

{code}

It works until {until} UTC.
"""
GLASS_SUBJECT: Final = "[Interlude] A patient was opened by break-glass"
GLASS_TEXT: Final = """\
{who} has opened a patient who is not in their view: patient {patient}, at {at} UTC, for one hour.

The reason, and whatever they read, stand in the audit: in the console under Clinic, "Who looked at
whom", choose {who}. The entry reads "glass broken".

If you do not know of it, ask them; you can deactivate the account at once, which ends the hour.
"""
FACTOR_SUBJECT: Final = "[Interlude] Your account asks for a second factor now"
FACTOR_TEXT: Final = """\
An authenticator app was added to your Interlude account. Whoever logs in is asked for its code from
now on, and every other device has to log in again.

If it was not you, somebody else is logged in to your account: call your clinic's administrator at
once.
"""
NO_FACTOR_SUBJECT: Final = "[Interlude] Your account asks for no second factor any more"
NO_FACTOR_TEXT: Final = """\
The authenticator app was removed from your Interlude account. Whoever logs in is asked for the
password alone.

If it was not you, somebody else is logged in to your account: call your clinic's administrator at
once.
"""
RESET_SUBJECT: Final = "[Interlude] Your second factor was taken away"
RESET_TEXT: Final = """\
The authenticator app of your Interlude account was taken away for you: an administrator of your
clinic, or whoever runs the server, did it. Every device has to log in again, with the password
alone. Add an authenticator app again as soon as you can.

If you did not ask for it, call your clinic's administrator at once.
"""
# Letters with a code or a link end sooner than those that only tell of something.
CODES_LIVE_LESS_THAN: Final = timedelta(days=1)
DEVICE: Final = "a further device"
FACTOR_ADDED: Final = "a second factor was added"
FACTOR_REMOVED: Final = "a second factor was removed"
FACTOR_RESET: Final = "a second factor was taken away"
# Letters without a code: what they tell of.
NEWS: Final = {
    DEVICE: (DEVICE_SUBJECT, DEVICE_TEXT),
    FACTOR_ADDED: (FACTOR_SUBJECT, FACTOR_TEXT),
    FACTOR_REMOVED: (NO_FACTOR_SUBJECT, NO_FACTOR_TEXT),
    FACTOR_RESET: (RESET_SUBJECT, RESET_TEXT),
}
NEWS_WAITS_FOR: Final = timedelta(days=3)
MINUTE: Final = "%Y-%m-%d %H:%M"


def letter_of(notification_id: UUID, address: str, code: str, expires_at: datetime) -> Letter:
    """The letter that carries this code, or this link for a device, or only tells of something.

    `expires_at` in UTC.
    """
    if code.startswith("{"):
        return _of_topic(notification_id, address, code, expires_at)
    if code in NEWS:
        return Letter(notification_id, address, *NEWS[code])
    subject, text = (LINK_SUBJECT, LINK_TEXT) if DEVICE_PATH in code else (SUBJECT, TEXT)
    return Letter(notification_id, address, subject, _filled(text, expires_at, code=code))


# Letters to another address than the account's, or with more in them than a code.
TOPICS: Final = {
    "new_address": (NEW_ADDRESS_SUBJECT, NEW_ADDRESS_TEXT),
    "asked": (ASKED_SUBJECT, ASKED_TEXT),
    "changed": (CHANGED_SUBJECT, CHANGED_TEXT),
    "break_glass": (GLASS_SUBJECT, GLASS_TEXT),
}


def addressed(topic: str, address: str, code: str) -> str:
    """What `queue_letter` takes as the code of a letter to this address, a row of `TOPICS`."""
    return json.dumps({"topic": topic, "address": address, "code": code})


def _of_topic(notification_id: UUID, own: str, sealed: str, expires_at: datetime) -> Letter:
    content = json.loads(sealed)
    subject, text = TOPICS[content.pop("topic")]
    address = content.pop("address", own)
    return Letter(notification_id, address, subject, _filled(text, expires_at, **content))


def _filled(text: str, expires_at: datetime, **words: str) -> str:
    what = BARE_PATH if words.get("code", "").startswith("/") else "this link"
    return text.format(**words, what=what, until=f"{expires_at:{MINUTE}}")


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
    row = letter_row(clinic_id, user_id, code, now, expires_at)
    session.execute(insert(Notification).values(sealed(Notification, row)))


def letter_row(
    clinic_id: UUID, user_id: UUID | None, content: str, now: datetime, expires_at: datetime
) -> dict[str, Any]:
    """A letter to the account's address, due at once, that says this; None: the caller names
    another recipient.
    """
    return {
        "clinic_id": clinic_id,
        "id": new_id(),
        "kind": "letter",
        "page_round": 0,
        "page_step": 0,
        "user_id": user_id,
        "channel": "email",
        "created_at": now,
        "due_at": now,
        "expires_at": expires_at,
        "sealed_code": content,
    }


def tell_of(session: Session, clinic_id: UUID, user_id: UUID, news: str, now: datetime) -> None:
    """Whoever owns the account hears of what somebody else may have done to it, a row of `NEWS`."""
    until = now + NEWS_WAITS_FOR
    queue_letter(session, clinic_id, user_id, code=news, expires_at=until, now=now)


def tell_of_break_glass(
    session: Session, clinic_id: UUID, admin_id: UUID, who: str, patient_id: UUID, now: datetime
) -> None:
    """An administrator hears who has opened a patient, who is named by the short id alone."""
    words = {"who": who, "patient": short_id(patient_id), "at": f"{now:{MINUTE}}"}
    content = json.dumps({"topic": "break_glass", **words})
    until = now + NEWS_WAITS_FOR
    queue_letter(session, clinic_id, admin_id, code=content, expires_at=until, now=now)


def letter_failed(
    session: Session, clinic_id: UUID, user_id: UUID, expires_at: datetime | None
) -> bool:
    """Was the account's letter that ends then given up? Then nobody has its code."""
    given_up = select(Notification.id).where(
        Notification.clinic_id == clinic_id,
        Notification.user_id == user_id,
        Notification.kind == "letter",
        Notification.expires_at == expires_at,
        Notification.state == "failed_permanently",
    )
    return session.scalar(given_up.limit(1)) is not None


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
