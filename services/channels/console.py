"""What stands in for mail when no server is set: it shows the page, and says that nobody has it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TextIO

from services.channels.base import ChannelError, Page, Receipt
from services.channels.letters import Letter
from services.channels.smtp import compose


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints each page. It never counts as sent: a page that only a log has seen reached nobody,
    so the ladder goes on and `/safetyz` turns red.
    """

    stream: TextIO = field(repr=False)
    mail_from: str
    public_url: str

    def send(self, page: Page, now: datetime) -> Receipt:
        """Always raises `ChannelError`, after printing the page without its address."""
        mail = compose(page, self.mail_from, self.public_url, now)
        self.stream.write(f"no mail server is set, so this reached nobody: {mail['Subject']}\n")
        self.stream.write(mail.get_content())
        self.stream.flush()
        raise ChannelError("no_mail_server")

    def post(self, letter: Letter, now: datetime) -> Receipt:  # noqa: ARG002 -- as every post
        """Always raises `ChannelError`; what a letter says is a secret, and this may be a log."""
        self.stream.write(f"no mail server is set, so this reached nobody: {letter.subject}\n")
        self.stream.flush()
        raise ChannelError("no_mail_server")
