"""What stands in for mail without a server: it shows the page, and that it reached nobody."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TextIO

from services.channels.base import ChannelError, Message, Page, Receipt
from services.channels.smtp import compose


@dataclass(frozen=True, slots=True)
class ConsoleChannel:
    """Prints each page. It never counts as sent: a page that only a log has seen reached nobody,
    so the ladder goes on and `/safetyz` turns red.
    """

    stream: TextIO = field(repr=False)
    mail_from: str
    public_url: str

    def send(self, message: Message, now: datetime) -> Receipt:
        """Print the message without its address, then always raise `ChannelError`. A letter carries
        a secret and this may be a log: of a letter only the subject is printed.
        """
        mail = compose(message, self.mail_from, self.public_url, now)
        self.stream.write(f"no mail server is set, so this reached nobody: {mail['Subject']}\n")
        if isinstance(message, Page):
            self.stream.write(mail.get_content())
        self.stream.flush()
        raise ChannelError("no_mail_server")
