"""Addresses as they travel: in ASCII, whatever was typed."""

from __future__ import annotations

from typing import Final
from urllib.parse import quote, urlsplit

# What RFC 3986 lets stand in a path or a query, and what is quoted already.
KEPT: Final = "/?:@!$&'()*+,;=-._~%"


def ascii_host(host: str) -> str:
    """A host name as DNS has it: `bücher.test` is `xn--bcher-kva.test`. Raises `ValueError`."""
    return host if host.isascii() else host.encode("idna").decode()


def ascii_mail_address(address: str) -> str:
    """A mail address with its domain in ASCII: a server without SMTPUTF8 takes it then. Raises
    `ValueError`; letters before the @ stay as they are.
    """
    local, at, domain = address.rpartition("@")
    return f"{local}{at}{ascii_host(domain)}"


def ascii_url(url: str) -> str:
    """An http(s) address in ASCII; one that is ASCII already as it was typed.

    Raises `ValueError` for what is none, and for one with a user or a password in it: that would
    never be sent.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("not an http(s) address")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a user or a password in the address")
    if url.isascii():
        return url
    return parts._replace(
        netloc=ascii_host(host) if port is None else f"{ascii_host(host)}:{port}",
        path=quote(parts.path, safe=KEPT),
        query=quote(parts.query, safe=KEPT),
        fragment="",
    ).geturl()
