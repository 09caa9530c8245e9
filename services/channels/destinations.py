"""Where a webhook may go: never to what serves the machine itself (link-local addresses, where
clouds hand out credentials, and the like), whatever its name or spelling says.

The address that is looked at is the one that is connected to: a name that changes its mind between
the two leads nowhere.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from functools import partial
from http.client import HTTPConnection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from time import monotonic
from typing import Any, Final

# "This network", link-local, multicast and reserved blocks (RFC 6890), and the addresses outside
# them at which clouds serve a machine's own data.
NEVER: Final = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "169.254.0.0/16",
            "224.0.0.0/4",
            "240.0.0.0/4",
            "100.100.100.200/32",
            "168.63.129.16/32",
            "192.0.0.0/24",
            "::/128",
            "fe80::/10",
            "fec0::/10",
            "ff00::/8",
            "fd00:ec2::/32",
            "fd20:ce::254/128",
        ),
    )
)
COMPATIBLE: Final = ip_network("::/96")
TRANSLATED: Final = ip_network("64:ff9b::/96")


class DestinationRefused(Exception):
    """None of the addresses behind the name may be reached."""


def guard(connection: HTTPConnection, *, private: bool) -> None:
    """From now on it opens only to what may be reached; raises `DestinationRefused` then."""
    # The one place between looking a name up and connecting that the standard library offers.
    untyped: Any = connection
    untyped._create_connection = partial(_connect, private=private)


def may_be_reached(address: str, *, private: bool) -> bool:
    """May a page go to this IP address? `private`: also to this machine and its own networks."""
    found = _plain(ip_address(address.partition("%")[0]))
    if any(found in block for block in NEVER):
        return False
    return private or found.is_global


def is_refused_literal(host: str, *, private: bool = True) -> bool:
    """Is it an address, in any spelling (`0xa9fe0001`, `169.254.1`), that is not reached?"""
    with suppress(OSError):
        found = socket.getaddrinfo(host, None, flags=socket.AI_NUMERICHOST)
        return not any(may_be_reached(str(each[4][0]), private=private) for each in found)
    return False


def _connect(
    address: tuple[str, int], timeout: float, source: tuple[str, int] | None, *, private: bool
) -> socket.socket:
    """A connection to the first address behind the name that may be reached and answers.

    One that swallows what is sent takes its share of the time and no more: a broken IPv6 must leave
    IPv4 enough, and a name of fifty addresses must not keep a sender for fifty times as long.
    """
    host, port = address
    until = monotonic() + timeout
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    behind = dict.fromkeys(str(each[4][0]) for each in found)
    allowed = [each for each in behind if may_be_reached(each, private=private)]
    if not allowed:
        raise DestinationRefused
    for others, each in zip(range(len(allowed) - 1, 0, -1), allowed, strict=False):
        with suppress(OSError):
            share = _left(until) / (others + 2)
            return _open((each, port), share, source, until)
    return _open((allowed[-1], port), _left(until), source, until)


def _open(
    address: tuple[str, int], seconds: float, source: tuple[str, int] | None, until: float
) -> socket.socket:
    """One that is there within so many seconds; what follows has the time that is left."""
    opened = socket.create_connection(address, seconds, source)
    opened.settimeout(_left(until))
    return opened


def _left(until: float) -> float:
    return max(0.001, until - monotonic())


def _plain(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in TRANSLATED or (address in COMPATIBLE and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else address)
