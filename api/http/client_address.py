"""Whose request is this? The peer's address, or what a proxy that we trust says of it."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

from flask import current_app, request

from api.settings import Settings

HEADER = "X-Forwarded-For"
Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address


def client_address() -> str:
    """The address of this request's client, as the delays and the log-in know it."""
    settings: Settings = current_app.config["INTERLUDE"]
    return address_of(
        request.remote_addr or "", request.headers.get(HEADER, ""), settings.trusted_proxies
    )


def address_of(peer: str, forwarded: str, trusted: Sequence[Network]) -> str:
    """The peer; behind trusted proxies the right-most forwarded address that is none of them.

    From any other peer the header is ignored, and so is all that stands left of what is no
    address: whoever wrote that could have written anything.
    """
    found = _read(peer)
    if found is None:
        return peer or "unknown"
    for text in reversed(forwarded.split(",")):
        if not _is_in(found, trusted):
            break
        before = _read(text)
        if before is None:
            break
        found = before
    return str(found)


def is_loopback(peer: str) -> bool:
    """Does the peer run on this machine?"""
    found = _read(peer)
    return found is not None and found.is_loopback


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _read(text: str) -> Address | None:
    """An address, with or without brackets, port or zone; IPv4 in IPv6 is IPv4."""
    bare = text.strip().strip('"')
    if bare.startswith("["):
        bare = bare[1:].partition("]")[0]
    elif bare.count(":") == 1:
        bare = bare.partition(":")[0]
    try:
        found = ip_address(bare.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found
