"""The signed webhook: what counts as received, and what a receiver cannot make us do."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime
from time import monotonic
from uuid import UUID

import orjson
import pytest

from services.channels.base import AlertNotice, ChannelError, Letter, Page, Receipt
from services.channels.webhook import WebhookChannel, connection_to, signature
from tests.fixtures.scripted import server
from tests.fixtures.webhook import Answer, WebhookReceiver

NOW = datetime(2026, 11, 20, 21, 0, 0, 500_000, tzinfo=UTC)
NOTICE = AlertNotice(UUID(int=7), "critical", "triggered", NOW)


def page(address: str) -> Page:
    return Page(UUID(int=1), address, "critical", (NOTICE,), "secret")


def failure(address: str, timeout_s: float = 2.0) -> tuple[str, bool]:
    with pytest.raises(ChannelError) as caught:
        WebhookChannel("https://i.test", timeout_s).send(page(address), NOW)
    return caught.value.reason, caught.value.permanent


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_any_2xx_is_received(webhook_receiver: WebhookReceiver, status: int):
    webhook_receiver.otherwise = Answer(status)
    sent = WebhookChannel("https://i.test").send(page(webhook_receiver.url + "?team=1#x"), NOW)
    assert sent is Receipt.DELIVERED
    assert webhook_receiver.requests[0].path == "/page?team=1"


def test_without_a_public_url_it_carries_none(webhook_receiver: WebhookReceiver):
    WebhookChannel("").send(page(webhook_receiver.url), NOW)
    sent = orjson.loads(webhook_receiver.requests[0].body)
    assert (sent["url"], sent["alert_id"]) == (None, str(NOTICE.alert_id))


@pytest.mark.parametrize(
    ("status", "permanent"),
    [(301, True), (307, True), (400, True), (404, True), (408, False), (425, False), (503, False)],
)
def test_any_other_status_is_not(webhook_receiver: WebhookReceiver, status: int, permanent: bool):
    webhook_receiver.otherwise = Answer(status, headers={"Location": webhook_receiver.url})
    assert failure(webhook_receiver.url) == (f"webhook_{status}", permanent)
    assert len(webhook_receiver.requests) == 1


def test_silence_ends_in_time(webhook_receiver: WebhookReceiver):
    webhook_receiver.otherwise = Answer(hang=True)
    started = monotonic()
    assert failure(webhook_receiver.url, timeout_s=0.3) == ("webhook_timeout", False)
    assert monotonic() - started < 5


def test_a_receiver_that_drips_its_answer_does_not_hold_the_sender():
    done = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def drip() -> None:
            caller, _ = listening.accept()
            with caller:
                caller.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not done.wait(0.05):
                    try:
                        caller.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=drip)
        thread.start()
        started = monotonic()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        # What had come by then may pass for a whole answer, but no later than that.
        with suppress(ChannelError):
            WebhookChannel("https://i.test", 0.5).send(page(address), NOW)
        assert monotonic() - started < 5
        done.set()
        thread.join(10)


@pytest.mark.parametrize(
    ("address", "reason", "permanent"),
    [
        ("http://127.0.0.1:9/", "webhook_unreachable", False),
        ("https://127.0.0.1:9/", "webhook_unreachable", False),
        ("ftp://127.0.0.1/", "webhook_bad_address", True),
        ("http://127.0.0.1:port/", "webhook_bad_address", True),
        ("nonsense", "webhook_bad_address", True),
        ("http://user:pass@127.0.0.1/", "webhook_bad_address", True),
    ],
)
def test_an_address_that_cannot_be_called(address: str, reason: str, permanent: bool):
    assert failure(address) == (reason, permanent)


@pytest.mark.parametrize("final", [200, 503])
def test_interim_answers_are_not_the_answer(final: int):
    interim = b"".join(
        b"HTTP/1.1 %d Wait\r\nLink: </style>\r\n\r\n" % status for status in (100, 102, 103, 103)
    )

    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(interim + b"HTTP/1.1 %d X\r\nContent-Length: 0\r\n\r\n" % final)

    with server(talk) as port:
        sender, of = WebhookChannel("https://i.test", 5), page(f"http://127.0.0.1:{port}/")
        if final == 200:
            assert sender.send(of, NOW) is Receipt.DELIVERED
        else:
            with pytest.raises(ChannelError, match="webhook_503"):
                sender.send(of, NOW)


def test_switching_protocols_is_no_receipt():
    def talk(caller: socket.socket) -> None:
        caller.recv(65536)
        caller.sendall(b"HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n")

    with server(talk) as port, pytest.raises(ChannelError, match="webhook_101"):
        WebhookChannel("https://i.test", 5).send(page(f"http://127.0.0.1:{port}/"), NOW)


@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ("", "/"),
        ("/hä?q=ö#top", "/h%C3%A4?q=%C3%B6"),
        ("/h%C3%A4?a=%20b&c=1", "/h%C3%A4?a=%20b&c=1"),
        ("/", "/"),
        ("?token=1", "/?token=1"),
        ("#top", "/"),
        ("//a?b=1#top", "//a?b=1"),
    ],
)
def test_a_bare_host_is_asked_for_its_root(asked: str, wanted: str):
    connection, target = connection_to(f"http://receiver.test{asked}", 1)
    assert (connection.host, connection.port, target) == ("receiver.test", 80, wanted)


def test_the_signature_is_over_the_time_and_the_body():
    """The figure is that of `printf '1795208400.{}' | openssl dgst -sha256 -hmac secret`."""
    assert signature("secret", b"{}", NOW) == (
        "t=1795208400,v1=01ae47f0885eb840c66aaefb60e93b587afb9f52f78b78c256e2d50c4e8e8c9b"
    )
    assert signature("secret", b"{}", NOW) != signature("secret", b"{} ", NOW)
    assert signature("secret", b"{}", NOW) != signature("other", b"{}", NOW)


def test_a_letter_to_a_person_is_refused_for_good_and_sends_nothing(
    webhook_receiver: WebhookReceiver,
):
    letter = Letter(UUID(int=5), webhook_receiver.url, "A subject", "A secret")
    with pytest.raises(ChannelError) as caught:
        WebhookChannel("https://i.test").send(letter, NOW)
    assert (caught.value.reason, caught.value.permanent) == ("webhook_takes_no_letter", True)
    assert webhook_receiver.requests == []
