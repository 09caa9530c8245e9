"""A letter to one person about the own account: mail that is no page."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Protocol
from uuid import UUID

from services.channels.base import Receipt


@dataclass(frozen=True, slots=True)
class Letter:
    """`letter_id` is the same however often the letter is sent. `text` may hold a secret."""

    letter_id: UUID
    address: str = field(repr=False)
    subject: str
    text: str = field(repr=False)


class Post(Protocol):
    """What carries letters."""

    def post(self, letter: Letter, now: datetime) -> Receipt:
        """Hand the letter over. Raises `ChannelError`; returns within a bounded time."""
        ...


def compose_letter(letter: Letter, mail_from: str, now: datetime) -> EmailMessage:
    """The mail of a letter."""
    mail = envelope(letter.letter_id, mail_from, letter.address, letter.subject, now)
    mail.set_content(letter.text)
    return mail


def envelope(
    message_id: UUID, mail_from: str, address: str, subject: str, now: datetime
) -> EmailMessage:
    """A mail without content; the same id gives the same `Message-ID` however often it is sent.

    Raises `ValueError` for an address that is none.
    """
    domain = parseaddr(mail_from)[1].rpartition("@")[2]
    mail = EmailMessage()
    mail["From"] = mail_from
    mail["To"] = address
    mail["Subject"] = subject
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = f"<{message_id}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    return mail
