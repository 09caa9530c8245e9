"""A webhook never reaches what serves the machine itself, however the address is written."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from time import monotonic
from typing import Any
from uuid import UUID

import pytest

from services.channels import destinations, webhook
from services.channels.base import AlertNotice, ChannelError, Page, Receipt
from services.channels.destinations import is_refused_literal, may_be_reached
from services.channels.webhook import WebhookChannel
from services.clinic.contacts import read_address
from services.exceptions import Invalid
from tests.fixtures.webhook import WebhookReceiver

NOW = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
NOTICE = AlertNotice(UUID(int=7), "critical", "triggered", NOW)
NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",  # noqa: S104 -- compared, not bound
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "fd00:ec2::254",
    "fd20:ce::254",
    "::ffff:169.254.169.254",
    "::169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
    "2001:0:4136:e378:8000:63bf:5601:5601",
]
PRIVATE = ["127.0.0.1", "10.1.2.3", "192.168.1.1", "::1", "fd12::1", "::ffff:127.0.0.1"]
PUBLIC = ["9.9.9.9", "2620:fe::fe", "::ffff:9.9.9.9"]


@pytest.mark.parametrize("private", [True, False])
@pytest.mark.parametrize("address", [*NEVER, *PRIVATE, *PUBLIC])
def test_every_block_has_its_answer(address: str, private: bool):
    allowed = address in PUBLIC or (private and address in PRIVATE)
    assert may_be_reached(address, private=private) is allowed


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "2852039166", "0xa9fea9fe", "0251.0376.0251.0376", "169.254.43518"],
)
def test_no_spelling_hides_an_address(host: str):
    assert is_refused_literal(host)
    with pytest.raises(Invalid) as refused:
        read_address(f"http://{host}/latest/meta-data")
    assert host not in str(refused.value.extra)


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.1", "receiver.example", "9.9.9.9"])
def test_other_hosts_are_taken(host: str):
    assert not is_refused_literal(host)
    assert read_address(f"https://{host}/page") == ("webhook", f"https://{host}/page")


def page(address: str) -> Page:
    return Page(UUID(int=1), address, "critical", (NOTICE,), "secret")


def names(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Every name leads to the first list, asked again to the next; returns who was asked."""
    asked: list[str] = []
    left, real = [list(each) for each in answers], socket.getaddrinfo

    def look_up(host: Any, port: Any, *given: Any, **named: Any) -> Any:
        if not str(host).endswith(".test"):
            return real(host, port, *given, **named)
        asked.append(host)
        found = left.pop(0) if len(left) > 1 else left[0]
        return [each for address in found for each in real(address, port, *given, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


def test_a_name_is_asked_once_and_what_was_looked_at_is_connected_to(
    monkeypatch: pytest.MonkeyPatch, webhook_receiver: WebhookReceiver
):
    asked = names(monkeypatch, ["169.254.169.254", "127.0.0.1"], ["169.254.169.254"])
    address = webhook_receiver.url.replace("127.0.0.1", "receiver.test")
    assert WebhookChannel("https://i.test").send(page(address), NOW) is Receipt.DELIVERED
    assert asked == ["receiver.test"]
    assert webhook_receiver.requests[0].headers["Host"].startswith("receiver.test:")


def test_the_next_address_is_tried_where_one_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, webhook_receiver: WebhookReceiver
):
    names(monkeypatch, ["127.0.0.9", "127.0.0.1"])
    address = webhook_receiver.url.replace("127.0.0.1", "receiver.test")
    assert WebhookChannel("https://i.test", 2).send(page(address), NOW) is Receipt.DELIVERED


@pytest.mark.parametrize("silent", [1, 30])
def test_addresses_that_swallow_what_is_sent_leave_the_last_one_its_time(
    monkeypatch: pytest.MonkeyPatch, webhook_receiver: WebhookReceiver, silent: int
):
    """An address of IPv6 behind a network that has none, as on a bad night."""
    names(monkeypatch, [*(f"127.0.1.{n}" for n in range(1, silent + 1)), "127.0.0.1"])
    passed, connect = [0.0], socket.create_connection

    def silence(address: tuple[str, int], timeout: float, source: Any) -> socket.socket:
        if address[0] == "127.0.0.1":
            return connect(address, timeout, source)
        passed[0] += timeout
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silence)
    for module in (destinations, webhook):
        monkeypatch.setattr(module, "monotonic", lambda: monotonic() + passed[0])
    address = webhook_receiver.url.replace("127.0.0.1", "receiver.test")
    assert WebhookChannel("https://i.test", 10).send(page(address), NOW) is Receipt.DELIVERED
    assert passed[0] < 10


@pytest.mark.parametrize(
    ("behind", "private"), [("169.254.169.254", True), ("127.0.0.1", False), ("::", True)]
)
def test_a_name_that_leads_there_is_refused(
    monkeypatch: pytest.MonkeyPatch, webhook_receiver: WebhookReceiver, behind: str, private: bool
):
    names(monkeypatch, [behind])
    address = webhook_receiver.url.replace("127.0.0.1", "receiver.test")
    with pytest.raises(ChannelError) as caught:
        WebhookChannel("https://i.test", private=private).send(page(address), NOW)
    # Kept for another try: a name server may be wrong for a while.
    assert (caught.value.reason, caught.value.permanent) == ("webhook_refused_address", False)
    assert webhook_receiver.requests == []
