"""What proves an address, and what else is sent there that is no page."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from models import Clinic, ContactMethod, Notification
from models.base import new_id
from models.sealing import sealed
from services.accounts.invitation_codes import ALPHABET, code_digest
from services.accounts.letters import letter_row
from services.channels.base import Letter
from services.exceptions import RateLimited

# 40 bits and five tries: to be typed from a text message, and not to be guessed.
GROUPS, GROUP_LETTERS = 2, 4
MOST_TRIES: Final = 5
VALID_FOR: Final = timedelta(minutes=30)
# Each costs somebody money, and may go to an address of somebody else.
AN_HOUR: Final = timedelta(hours=1)
# Shorter than letters may wait before the service counts as unsafe: a contact that does not answer
# is a gap of the chain, and nobody is called for it.
CONTACT_TRIED_FOR: Final = timedelta(minutes=10)
MOST_AN_HOUR: Final = 10

CODE_SUBJECT: Final = "[Interlude] Your code for this address"
CODE_TEXT: Final = """\
Somebody, probably you, wants Interlude to page them at this address.

Your code: {code}

Enter it where you added the address. It works once, until {until} UTC.

If it was not you, do nothing: nobody is paged here without the code.
"""
CODE_SHORT: Final = "Interlude: your code is {code}. Valid until {until} UTC."
TEST_SUBJECT: Final = "[Interlude] TEST, {clinic}: nothing to do"
TEST_TEXT: Final = """\
This is a TEST page from Interlude, {clinic}. It is about nobody.

A real page would have reached you here. There is nothing for you to do.
"""
TEST_SHORT: Final = "TEST page from Interlude, {clinic}: about nobody, nothing to do."
FAILS_SUBJECT: Final = "[Interlude] A contact method does not work any more"
FAILS_TEXT: Final = """\
{name} cannot be paged at {shown} ({kind}) any more: it was refused for good ({reason}).

Pages to them go on by their other ways. Ask them to mend or replace it: a test page that arrives
clears this.
"""
GAPS_SUBJECT: Final = "[Interlude] {clinic}: tonight's chain has gaps"
GAPS_TEXT: Final = """\
Whom alerts of {clinic} page in the coming nights is not complete:

{lines}

Mend it before the night: an alert would reach fewer people, or later. Times are the clinic's. You
hear of each of these once, and when all of them are mended.
"""
REPAIRED_SUBJECT: Final = "[Interlude] {clinic}: the chain is complete again"
REPAIRED_TEXT: Final = """\
What you were told of the coming nights of {clinic} is mended: no step of its chain is empty, and
everybody in it can be reached.
"""
# By topic: subject, text, and what fits a text message.
WORDS: Final = {
    "code": (CODE_SUBJECT, CODE_TEXT, CODE_SHORT),
    "test": (TEST_SUBJECT, TEST_TEXT, TEST_SHORT),
    "fails": (FAILS_SUBJECT, FAILS_TEXT, ""),
    "gaps": (GAPS_SUBJECT, GAPS_TEXT, ""),
    "repaired": (REPAIRED_SUBJECT, REPAIRED_TEXT, ""),
}


@dataclass(frozen=True, slots=True)
class Whose:
    """A method in its clinic, and its person."""

    clinic_id: UUID
    user_id: UUID
    method_id: UUID
    kind: str


def new_short_code() -> str:
    """Eight random letters and digits in two groups."""
    return "-".join(
        "".join(secrets.choice(ALPHABET) for _ in range(GROUP_LETTERS)) for _ in range(GROUPS)
    )


def method_code_digest(code: str) -> bytes:
    """What a code is compared by; case, blanks, hyphens and look-alikes do not count."""
    return code_digest(code, "contact_methods.code")


def send_code(session: Session, whose: Whose, now: datetime) -> None:
    """A new code to the address, which voids the one before. Raises `RateLimited`."""
    code, expires_at = new_short_code(), now + VALID_FOR
    session.execute(
        update(ContactMethod)
        .where(ContactMethod.id == whose.method_id)
        .values(code_digest=method_code_digest(code), code_expires_at=expires_at, code_tries=0)
    )
    queue(session, whose, {"topic": "code", "code": code}, now)


def send_test(session: Session, whose: Whose, now: datetime) -> UUID:
    """A marked page about nobody, down the real channel. Raises `RateLimited`."""
    return queue(session, whose, _test_of(session, whose.clinic_id), now)


def send_test_to_contact(
    session: Session, clinic_id: UUID, contact_id: UUID, channel: str, now: datetime
) -> None:
    """The same to a contact of the clinic's chain, which was entered or replaced just now. None
    beyond so many an hour: that must not keep anybody from mending the chain.
    """
    tests = select(func.count()).where(
        Notification.contact_id.is_not(None),
        Notification.clinic_id == clinic_id,
        Notification.kind == "letter",
        Notification.created_at > now - AN_HOUR,
    )
    if (session.scalar(tests) or 0) >= MOST_AN_HOUR:
        return
    content = content_text(_test_of(session, clinic_id))
    row = letter_row(clinic_id, None, content, now, now + CONTACT_TRIED_FOR)
    row |= {"contact_id": contact_id, "channel": channel}
    session.execute(insert(Notification).values(sealed(Notification, row)))


def _test_of(session: Session, clinic_id: UUID) -> dict[str, Any]:
    clinic = session.scalar(select(Clinic.name).where(Clinic.id == clinic_id))
    return {"topic": "test", "clinic": clinic}


def queue(session: Session, whose: Whose, content: dict[str, Any], now: datetime) -> UUID:
    """One letter by the method. No `NOTIFY` for the workers, as with every letter."""
    recently = now - AN_HOUR
    sent = session.execute(
        select(func.count(), func.min(Notification.created_at)).where(
            Notification.user_id == whose.user_id,
            Notification.method_id.is_not(None),
            Notification.kind == "letter",
            Notification.created_at > recently,
        )
    ).one()
    if sent[0] >= MOST_AN_HOUR:
        raise RateLimited(int((sent[1] - recently).total_seconds()) + 1)
    notification_id = new_id()
    row = letter_row(whose.clinic_id, whose.user_id, content_text(content), now, now + VALID_FOR)
    row |= {"id": notification_id, "method_id": whose.method_id, "channel": whose.kind}
    session.execute(insert(Notification).values(sealed(Notification, row)))
    return notification_id


def content_text(content: dict[str, Any]) -> str:
    """What a letter keeps of its topic, a row of `WORDS`, and what that names."""
    return orjson.dumps(content).decode()


def is_about_methods(sealed: str) -> bool:
    """Is it one of these letters?"""
    return sealed.startswith("{") and orjson.loads(sealed)["topic"] in WORDS


def letter_about_methods(
    notification_id: UUID,
    address: str,
    sealed: str,
    expires_at: datetime,
    signing_secret: str | None = None,
    receipt_key: str = "",
    *,
    personal: bool = True,
) -> Letter:
    """The code, the test page, or word of an address that fails or of a chain with gaps."""
    content = orjson.loads(sealed) | {"until": f"{expires_at:%Y-%m-%d %H:%M}"}
    subject, text, short = WORDS[content["topic"]]
    return Letter(
        notification_id,
        address,
        " ".join(subject.format(**content).split()),
        text.format(**content),
        short.format(**content),
        signing_secret,
        receipt_key,
        personal,
    )
