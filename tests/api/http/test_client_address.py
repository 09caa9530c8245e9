"""Whose request it is, behind proxies and beside them."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from api.http.client_address import address_of
from services.accounts.guesses.delays import network_of

TRUSTED = [ip_network("10.0.0.0/8"), ip_network("2001:db8:1::/48"), ip_network("192.0.2.7")]


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9", "198.51.100.9"),
        ("10.0.0.1", "203.0.113.5, 198.51.100.9, 10.0.0.2, 192.0.2.7", "198.51.100.9"),
        ("10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2"),
        ("198.51.100.1", "203.0.113.5", "198.51.100.1"),  # nobody's proxy
        ("198.51.100.1", "203.0.113.5, 10.0.0.1", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.5, what is this", "10.0.0.1"),
        ("10.0.0.1", "203.0.113.5, unknown, 10.0.0.9", "10.0.0.9"),
        ("10.0.0.1", "198.51.100.9:4711", "198.51.100.9"),
        ("10.0.0.1", "[2001:db8:9::1]:443", "2001:db8:9::1"),
        ("10.0.0.1", "2001:db8:9::1", "2001:db8:9::1"),
        ("10.0.0.1", '"198.51.100.9"', "198.51.100.9"),
        ("::ffff:10.0.0.1", "198.51.100.9", "198.51.100.9"),
        ("2001:db8:1::5", "::ffff:198.51.100.9", "198.51.100.9"),
        ("fe80::1%eth0", "198.51.100.9", "fe80::1"),
        ("", "198.51.100.9", "unknown"),
    ],
)
def test_the_right_most_address_that_no_trusted_proxy_has(
    peer: str, forwarded: str, client: str
) -> None:
    assert address_of(peer, forwarded, TRUSTED) == client


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2001:db8:9:1::1", "2001:db8:9:1:ffff::2", True),
        ("2001:db8:9:1::1", "2001:db8:9:2::1", False),
        ("198.51.100.9", "198.51.100.8", False),
        (None, "", True),
    ],
)
def test_a_home_is_one_address(one: str | None, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same
