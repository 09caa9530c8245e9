"""The letter with a code: nothing in it about who the account belongs to, or what it is for. What
patients read is data beside the words of the cards (`services/rules/data/texts`, table `letters`).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import func, insert, select, true, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from models import Notification
from models.alerts.notification import UNFINISHED
from models.base import new_id
from models.sealing import sealed
from services.channels.base import Letter, short_id
from services.rules.languages.wording import BESIDE, IN_ENGLISH, Wording

# A server that does not know its own address sends the rest of it.
DEVICE_PATH: Final = "/a/device?link="
UNDO_PATH: Final = "/a/email?link="

# To staff, who read English.
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
NO_FACTOR_SUBJECT: Final = "[Interlude] Your authenticator app was removed"
NO_FACTOR_TEXT: Final = """\
The authenticator app was removed from your Interlude account: its codes open nothing any more.
Whoever logs in is asked for a passkey if you have one, else for the password alone.

If it was not you, somebody else is logged in to your account: call your clinic's administrator at
once.
"""
RESET_SUBJECT: Final = "[Interlude] Your second factor was taken away"
RESET_TEXT: Final = """\
The authenticator app and the passkeys of your Interlude account were taken away for you: an
administrator of your clinic, or whoever runs the server, did it. Every device has to log in again,
with the password alone. Add a second factor again as soon as you can.

If you did not ask for it, call your clinic's administrator at once.
"""
GUESSED_SUBJECT: Final = "[Interlude] Somebody may have your password"
GUESSED_TEXT: Final = """\
Several wrong codes were tried at your Interlude account, each with your right password, or by
somebody who is logged in as you, here or with your clinic's sign-in. They were refused.

If it was you, there is nothing to do. If it was not, somebody has your password: set another one at
once ("Forgotten?" beside the log-in), and call your clinic's administrator.

You are written to about this once a day at most, however often it is tried.
"""
PASSKEY_SUBJECT: Final = "[Interlude] A passkey was added to your account"
PASSKEY_TEXT: Final = """\
A passkey was added to your Interlude account. Whoever logs in is asked for it, or for another
second factor of yours, from now on, and every other device has to log in again.

If it was not you, somebody else is logged in to your account: call your clinic's administrator at
once.
"""
NO_PASSKEY_SUBJECT: Final = "[Interlude] A passkey was removed from your account"
NO_PASSKEY_TEXT: Final = """\
A passkey was removed from your Interlude account: it opens nothing any more. Whoever logs in is
asked for another second factor if you have one, else for the password alone.

If it was not you, somebody else is logged in to your account: call your clinic's administrator at
once.
"""
LINKED_SUBJECT: Final = "[Interlude] Your account opens with your clinic's sign-in now"
LINKED_TEXT: Final = """\
Somebody who is signed in with your clinic as you can open your Interlude account from now on. Your
password goes on to work as well.

If it was not you, somebody else is signed in as you: call your clinic's administrator at once.
"""
# Letters with a code or a link end sooner than those that only tell of something.
CODES_LIVE_LESS_THAN: Final = timedelta(days=1)
DEVICE: Final = "a further device"
FACTOR_ADDED: Final = "a second factor was added"
FACTOR_REMOVED: Final = "a second factor was removed"
FACTOR_RESET: Final = "a second factor was taken away"
FACTOR_GUESSED: Final = "codes of a second factor were tried"
PASSKEY_ADDED: Final = "a passkey was added"
PASSKEY_REMOVED: Final = "a passkey was removed"
SIGN_IN_LINKED: Final = "a sign-in was linked"
# Letters without a code: their topics.
NEWS: Final = {
    DEVICE: "device",
    FACTOR_ADDED: "factor_added",
    FACTOR_REMOVED: "factor_removed",
    FACTOR_RESET: "factor_reset",
    FACTOR_GUESSED: "factor_guessed",
    PASSKEY_ADDED: "passkey_added",
    PASSKEY_REMOVED: "passkey_removed",
    SIGN_IN_LINKED: "sign_in_linked",
}
TO_STAFF: Final = {
    "break_glass": (GLASS_SUBJECT, GLASS_TEXT),
    "factor_added": (FACTOR_SUBJECT, FACTOR_TEXT),
    "factor_removed": (NO_FACTOR_SUBJECT, NO_FACTOR_TEXT),
    "factor_reset": (RESET_SUBJECT, RESET_TEXT),
    "factor_guessed": (GUESSED_SUBJECT, GUESSED_TEXT),
    "passkey_added": (PASSKEY_SUBJECT, PASSKEY_TEXT),
    "passkey_removed": (NO_PASSKEY_SUBJECT, NO_PASSKEY_TEXT),
    "sign_in_linked": (LINKED_SUBJECT, LINKED_TEXT),
}
NEWS_WAITS_FOR: Final = timedelta(days=3)
MINUTE: Final = "%Y-%m-%d %H:%M"


def letter_of(
    notification_id: UUID,
    address: str,
    code: str,
    expires_at: datetime,
    words: Wording = IN_ENGLISH,
) -> Letter:
    """The letter that carries this code, or this link for a device, or only tells of something.

    `expires_at` in UTC; `words`: of whoever reads it.
    """
    if code.startswith("{"):
        content = json.loads(code)
        topic, address = content.pop("topic"), content.pop("address", address)
    else:
        topic, content = _topic_of(code), {"code": code}
    if topic in TO_STAFF:
        subject, text = TO_STAFF[topic]
        return Letter(notification_id, address, subject, text.format(**content))

    def filled(texts: Mapping[str, str]) -> str:
        what = texts["bare_path" if content["code"].startswith("/") else "this_link"]
        return texts[topic].format(**content, what=what, until=f"{expires_at:{MINUTE}}")

    subject = words.letter(lambda texts: texts[f"{topic}_subject"], BESIDE)
    return Letter(notification_id, address, f"[Interlude] {subject}", words.letter(filled))


def _topic_of(code: str) -> str:
    return NEWS.get(code, "link" if DEVICE_PATH in code else "password")


def addressed(topic: str, address: str, code: str) -> str:
    """What `queue_letter` takes as the code of a letter on this topic to another address than the
    account's.
    """
    return json.dumps({"topic": topic, "address": address, "code": code})


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


def tell_of_once_a_day(
    session: Session, clinic_id: UUID, user_id: UUID, news: str, now: datetime
) -> None:
    """As `tell_of`, of what somebody else can make happen as often as they like: of one day (UTC)
    there is one letter, which the others find there.
    """
    row = letter_row(clinic_id, user_id, news, now, now + NEWS_WAITS_FOR)
    row["id"] = uuid5(user_id, f"{news} {now:%F}")
    letter = upsert(Notification).values(sealed(Notification, row))
    session.execute(letter.on_conflict_do_nothing(index_elements=["clinic_id", "id"]))


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
