"""Addresses as they travel: in ASCII, whatever was typed."""

from __future__ import annotations

import unicodedata
from typing import Final
from urllib.parse import quote, urlsplit

# What RFC 3986 lets stand in a path or a query, and what is quoted already.
KEPT: Final = "/?:@!$&'()*+,;=-._~%"

# Letters that are letters of their own since IDNA 2008 (RFC 5892, 2.6).
OWN_LETTERS: Final = frozenset(
    "ß\N{GREEK SMALL LETTER FINAL SIGMA}\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"
)
LONGEST_CODED: Final = 63 - len("xn--")


def ascii_host(host: str) -> str:
    """A host name as DNS and browsers have it: `bücher.test` is `xn--bcher-kva.test`, and
    `straße.test` is not `strasse.test`, as Python's rules of 2003 say: that is somebody else.

    Raises `ValueError`.
    """
    if OWN_LETTERS.isdisjoint(host):
        return host if host.isascii() else host.encode("idna").decode()
    return ".".join(map(_ascii_label, host.split(".")))


def _ascii_label(label: str) -> str:
    if OWN_LETTERS.isdisjoint(label):
        return label.encode("idna").decode()
    coded = unicodedata.normalize("NFC", label.lower()).encode("punycode").decode()
    if len(coded) > LONGEST_CODED:
        raise ValueError("a part of a host name that is too long")
    return f"xn--{coded}"


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
