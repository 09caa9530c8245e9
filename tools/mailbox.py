"""The local mailbox of `make run`: every page that would be mailed is printed instead."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from rich import box
from rich.console import Console
from rich.panel import Panel
from rich.text import Text

from tools.mail_receiver import MailReceiver

# A page is a few lines; whatever is longer is no page of ours.
SHOWN_CHARACTERS = 4000


class Mailbox:
    """An aiosmtpd handler that prints each message to the console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    async def handle_DATA(  # noqa: N802 -- aiosmtpd's name
        self,
        server: Any,  # noqa: ARG002 -- aiosmtpd's arguments
        session: Any,  # noqa: ARG002 -- the same
        envelope: Any,
    ) -> str:
        """Print one message and accept it."""
        message = message_from_bytes(envelope.content, policy=policy.default)
        self._console.print(page(message, envelope.rcpt_tos))
        return "250 2.0.0 printed"


def page(message: EmailMessage, recipients: list[str]) -> Panel:
    """One message as a box on the terminal; control characters are shown, not obeyed."""
    body = message.get_body(("plain",))
    text = body.get_content() if body is not None else "(no plain text)"
    lines = [f"To: {', '.join(recipients)}", f"Subject: {message['Subject']}", "", text.strip()]
    plain = "\n".join(lines).replace("\r\n", "\n")[:SHOWN_CHARACTERS]
    shown = "".join(c if c.isprintable() or c == "\n" else repr(c)[1:-1] for c in plain)
    return Panel(Text(shown), title="page by mail", title_align="left", box=box.ASCII, expand=False)


def open_mailbox(console: Console, port: int = 0) -> MailReceiver:
    """Start the mailbox on loopback; port 0 takes a free one."""
    receiver = MailReceiver(Mailbox(console), port=port)
    receiver.start()
    return receiver
