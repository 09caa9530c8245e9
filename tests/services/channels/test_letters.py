"""A letter by a real SMTP conversation: the same care as for a page, and no alert on it."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from uuid import UUID

import pytest

from services.channels.base import ChannelError, Letter, Receipt
from services.channels.console import ConsoleChannel
from services.channels.smtp import SmtpChannel
from tests.fixtures.mail import MailFault, MailServer

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
LETTER = Letter(UUID(int=5), "nurse@hospital.test", "A subject", "A secret\n")


def smtp(server: MailServer) -> SmtpChannel:
    sender = "Interlude <i@h.test>"
    return SmtpChannel("127.0.0.1", server.receiver.port, sender, "https://i.test", timeout_s=2)


def test_a_letter_that_the_server_took_is_sent(smtp_server: MailServer) -> None:
    assert smtp(smtp_server).send(LETTER, NOW) is Receipt.SENT
    (mail,) = smtp_server.inbox
    assert mail["X-Received-For"] == LETTER.address
    assert mail["Message-ID"] == f"<{LETTER.notification_id}@h.test>"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["X-Interlude-Alert"] is None
    assert mail["Subject"] == LETTER.subject
    assert mail.get_content().splitlines() == LETTER.text.splitlines()


@pytest.mark.parametrize(
    ("fault", "reason", "permanent"),
    [
        (MailFault.REFUSE_PERMANENTLY, "smtp_550", True),
        (MailFault.REFUSE_TEMPORARILY, "smtp_451", False),
    ],
)
def test_a_refusal_means_what_it_means_for_a_page(
    smtp_server: MailServer, fault: MailFault, reason: str, permanent: bool
) -> None:
    smtp_server.fault = fault
    with pytest.raises(ChannelError) as caught:
        smtp(smtp_server).send(LETTER, NOW)
    assert (caught.value.reason, caught.value.permanent) == (reason, permanent)


def test_an_address_that_would_write_headers_is_refused(smtp_server: MailServer) -> None:
    letter = Letter(UUID(int=6), "a@h.test\nBcc: b@h.test", "A subject", "A secret\n")
    with pytest.raises(ChannelError) as caught:
        smtp(smtp_server).send(letter, NOW)
    assert (caught.value.reason, caught.value.permanent) == ("smtp_bad_address", True)
    assert smtp_server.inbox == []


def test_without_a_mail_server_a_letter_is_not_shown() -> None:
    shown = io.StringIO()
    with pytest.raises(ChannelError, match="no_mail_server"):
        ConsoleChannel(shown, "i@h.test", "https://i.test").send(LETTER, NOW)
    assert LETTER.subject in shown.getvalue()
    assert "secret" not in shown.getvalue()
    assert LETTER.address not in shown.getvalue()


def test_a_letter_is_printed_without_its_secret() -> None:
    assert "secret" not in repr(LETTER)
    assert LETTER.address not in repr(LETTER)
