"""The local mailbox prints a page as text and obeys nothing that is in it."""

from __future__ import annotations

import io
import smtplib
from email.message import EmailMessage

from rich.console import Console

from tools.mailbox import open_mailbox


def printed(message: EmailMessage | str) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False, markup=False)
    mailbox = open_mailbox(console)
    try:
        with smtplib.SMTP(mailbox.host, mailbox.port, timeout=5) as client:
            client.sendmail("interlude@here", ["oncall@clinic.test"], str(message))
    finally:
        mailbox.stop()
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_page_is_printed_with_recipient_subject_and_link():
    message = EmailMessage()
    message["Subject"] = "critical alert"
    message.set_content("Open\nhttp://127.0.0.1:8000/a/0197")
    text = printed(message)
    for part in (
        "To: oncall@clinic.test",
        "Subject: critical alert",
        "http://127.0.0.1:8000/a/0197",
    ):
        assert part in text
    assert r"\r" not in text


def test_control_characters_do_not_reach_the_terminal():
    text = printed("Subject: x\r\n\r\nred \x1b[31m [bold]markup[/bold]\r\n")
    assert "\x1b" not in text
    assert r"red \x1b[31m [bold]markup[/bold]" in text
