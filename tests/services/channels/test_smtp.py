"""Mail over a real SMTP conversation: what each refusal means, and how long anything may take."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from services.channels.base import AlertNotice, ChannelError, Page, Receipt
from services.channels.deadline import shut_down
from services.channels.smtp import SmtpChannel
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.running import free_port
from tests.fixtures.scripted import Script, server

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
NOTICE = AlertNotice(UUID(int=7), "critical", "triggered", NOW)


def page(address: str = "nurse@hospital.test", severity: str = "critical", count: int = 1) -> Page:
    return Page(UUID(int=1), address, severity, (NOTICE,) * count)


def channel(port: int, **options: Any) -> SmtpChannel:
    base: dict[str, Any] = {"timeout_s": 20.0, **options}
    return SmtpChannel("127.0.0.1", port, "Interlude <i@h.test>", "https://i.test", **base)


def failure(sender: SmtpChannel, of: Page) -> tuple[str, bool]:
    with pytest.raises(ChannelError) as caught:
        sender.send(of, NOW)
    return caught.value.reason, caught.value.permanent


def test_a_mail_that_the_server_took_is_sent(smtp_server: MailServer):
    assert channel(smtp_server.receiver.port).send(page(), NOW) is Receipt.SENT
    (mail,) = smtp_server.inbox
    assert mail["Date"].datetime == NOW
    assert mail["Message-ID"] == f"<{UUID(int=1)}@h.test>"


def test_a_greeting_sends_nothing_and_says_when_nobody_is_there(smtp_server: MailServer):
    channel(smtp_server.receiver.port).greet()
    assert smtp_server.inbox == []
    with pytest.raises(ChannelError) as caught:
        channel(free_port()).greet()
    assert caught.value.permanent is False


@pytest.mark.parametrize(
    ("fault", "reason", "permanent"),
    [
        (MailFault.REFUSE_PERMANENTLY, "smtp_550", True),
        (MailFault.REFUSE_TEMPORARILY, "smtp_451", False),
        (MailFault.DROP_BEFORE_DATA, "smtp_unreachable", False),
        (MailFault.DROP_AFTER_DATA, "smtp_unreachable", False),
    ],
)
def test_what_each_fault_means(
    smtp_server: MailServer, fault: MailFault, reason: str, permanent: bool
):
    smtp_server.fault = fault
    assert failure(channel(smtp_server.receiver.port), page()) == (reason, permanent)


def test_silence_ends_in_time(smtp_server: MailServer):
    smtp_server.fault = MailFault.HANG
    started = monotonic()
    assert failure(channel(smtp_server.receiver.port, timeout_s=0.5), page()) == (
        "smtp_timeout",
        False,
    )
    assert monotonic() - started < 5


def test_a_closed_port_and_a_wrong_kind_of_server_may_be_right_later(smtp_server: MailServer):
    port = smtp_server.receiver.port
    assert failure(channel(port, starttls=True), page()) == ("smtp_unreachable", False)
    assert failure(channel(port, username="u", password="p"), page()) == ("smtp_unreachable", False)
    assert failure(channel(port, tls=True), page()) == ("smtp_unreachable", False)
    smtp_server.refuse_connections()
    assert failure(channel(port), page()) == ("smtp_unreachable", False)


def test_a_domain_in_other_letters_needs_no_extension_of_the_server():
    """Whatever the server knows, it is asked for the ASCII form of the domain."""
    asked: list[bytes] = []

    def talk(caller: socket.socket) -> None:
        for answer in (HI, OK, OK, b"550 enough\r\n"):
            caller.sendall(answer)
            asked.append(caller.recv(4096))

    with server(talk) as port:
        assert failure(channel(port), page("oncall@b\u00fccher.test")) == ("smtp_550", True)
    assert b"rcpt TO:<oncall@xn--bcher-kva.test>\r\n" in asked


def test_an_address_cannot_carry_a_header_of_its_own(smtp_server: MailServer):
    address = "nurse@hospital.test\nBcc: somebody@else.test"
    assert failure(channel(smtp_server.receiver.port), page(address)) == ("smtp_bad_address", True)
    assert smtp_server.inbox == []


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r", "\u2028", "\x0b", "\x85"])
def test_a_clinics_name_cannot_carry_a_header_either(smtp_server: MailServer, end: str):
    """The operator may enter any name: in a mail it is one line, and the page goes out."""
    name = f"North{end}Bcc: somebody@else.test{end}{end}Ward"
    sender = channel(smtp_server.receiver.port)
    assert sender.send(replace(page(), clinic=name), NOW) is Receipt.SENT
    (mail,) = smtp_server.inbox
    assert "North Bcc: somebody@else.test Ward" in mail["Subject"]
    assert (mail["Bcc"], mail.get_all("To")) == (None, ["nurse@hospital.test"])


HI, OK = b"220 hi\r\n", b"250 ok\r\n"
LOG_IN = {"username": "u", "password": "p"}


def says(*answers: bytes) -> Script:
    def talk(caller: socket.socket) -> None:
        for answer in answers:
            caller.sendall(answer)
            if not caller.recv(4096):
                return

    return talk


@pytest.mark.parametrize(
    ("answers", "reason", "permanent"),
    [
        ((b"421 busy\r\n",), "smtp_421", False),
        ((HI, b"502 no EHLO\r\n", b"550 no HELO\r\n"), "smtp_550", False),
        ((HI, OK, b"530 log in first\r\n"), "smtp_530", False),
        ((HI, OK, b"550 you may not send\r\n"), "smtp_550", False),
        ((HI, OK, b"553 not you\r\n"), "smtp_553", False),
        ((HI, OK, b"452 full\r\n"), "smtp_452", False),
        ((HI, OK, OK, b"530 log in first\r\n"), "smtp_530", False),
        ((HI, OK, OK, b"503 not now\r\n"), "smtp_503", False),
        ((HI, OK, OK, b"450 busy box\r\n"), "smtp_450", False),
        ((HI, OK, OK, b"550 no such box\r\n"), "smtp_550", True),
        ((HI, OK, OK, b"551 elsewhere\r\n"), "smtp_551", True),
        ((HI, OK, OK, OK, b"554 not this mail\r\n"), "smtp_554", True),
        ((HI, OK, OK, OK, b"538 log in first\r\n"), "smtp_538", False),
        ((HI, OK, OK, OK, b"354 go on\r\n", b"552 too large\r\n"), "smtp_552", True),
        ((HI, OK, OK, OK, b"354 go on\r\n", b"451 later\r\n"), "smtp_451", False),
    ],
)
def test_only_what_is_answered_to_rcpt_and_data_speaks_of_the_mail(
    answers: tuple[bytes, ...], reason: str, permanent: bool
):
    with server(says(*answers)) as port:
        assert failure(channel(port), page()) == (reason, permanent)


@pytest.mark.parametrize(
    ("options", "answers", "reason"),
    [
        ({"starttls": True}, (HI, b"250-hi\r\n250 STARTTLS\r\n", b"554 no TLS\r\n"), "smtp_554"),
        (LOG_IN, (HI, b"250-hi\r\n250 AUTH PLAIN\r\n", b"535 wrong\r\n"), "smtp_535"),
        (LOG_IN, (HI, b"250-hi\r\n250 AUTH PLAIN\r\n", b"534 too weak\r\n"), "smtp_534"),
    ],
)
def test_a_server_that_lets_us_not_in_is_asked_again(
    options: dict[str, Any], answers: tuple[bytes, ...], reason: str
):
    with server(says(*answers)) as port:
        assert failure(channel(port, **options), page()) == (reason, False)


def test_a_server_that_drips_does_not_hold_the_sender(smtp_server: MailServer):
    done = threading.Event()

    def drip(caller: socket.socket) -> None:
        caller.sendall(b"220 hi\r\n250-")
        while not done.wait(0.05):
            try:
                caller.sendall(b"x")
            except OSError:
                return

    started = monotonic()
    with server(drip) as port:
        reason, permanent = failure(channel(port, timeout_s=0.5), page())
        done.set()
    assert (reason, permanent) == ("smtp_timeout", False)
    assert monotonic() - started < 5


def test_cutting_a_line_that_is_gone_is_no_fault():
    shut_down(lambda: None)
    with socket.socket() as never_connected:
        shut_down(lambda: never_connected)
