"""Who drips from the first byte on keeps no sender busy: the end counts from the beginning."""

from __future__ import annotations

import socket
import threading
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from services.channels.base import AlertNotice, ChannelError, Page
from services.channels.smtp import SmtpChannel
from services.channels.webhook import WebhookChannel
from tests.fixtures.scripted import Script, server

FROM, PUBLIC_URL = "i@h.test", "https://i.test"
TIMEOUT_S = 0.5
NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
NOTICE = AlertNotice(UUID(int=7), "critical", "triggered", NOW)


def drips(first: bytes, done: threading.Event) -> Script:
    """One byte now and then, for ever."""

    def talk(caller: socket.socket) -> None:
        caller.sendall(first)
        while not done.wait(0.05):
            try:
                caller.sendall(b"x")
            except OSError:
                return

    return talk


def failed_after(sender: Any, address: str) -> tuple[str, bool, float]:
    page = Page(NOTICE.alert_id, address, "critical", (NOTICE,), "secret")
    started = monotonic()
    with pytest.raises(ChannelError) as caught:
        sender.send(page, NOW)
    return caught.value.reason, caught.value.permanent, monotonic() - started


@pytest.mark.parametrize("tls", [False, True])
def test_a_mail_server_that_drips_its_greeting(tls: bool):
    done = threading.Event()
    first = b"\x16\x03\x03\x40\x00" if tls else b"220-hi\r\n220-"
    with server(drips(first, done)) as port:
        smtp = SmtpChannel("127.0.0.1", port, FROM, PUBLIC_URL, tls=tls, timeout_s=TIMEOUT_S)
        release = threading.Timer(6, done.set)
        release.start()
        reason, permanent, took = failed_after(smtp, "nurse@hospital.test")
        done.set()
        release.cancel()
    assert (reason, permanent) == ("smtp_timeout", False)
    assert took < 5


def test_a_webhook_that_drips_its_handshake():
    done = threading.Event()
    with server(drips(b"\x16\x03\x03\x40\x00", done)) as port:
        release = threading.Timer(6, done.set)
        release.start()
        webhook = WebhookChannel(PUBLIC_URL, timeout_s=TIMEOUT_S)
        reason, permanent, took = failed_after(webhook, f"https://127.0.0.1:{port}/page")
        done.set()
        release.cancel()
    assert (reason, permanent) == ("webhook_timeout", False)
    assert took < 5
