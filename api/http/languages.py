"""Which languages a request asks for (RFC 9110, `Accept-Language`)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from flask import Response, request
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

ACCEPT_LANGUAGE: Final = {
    "in": "header",
    "name": "Accept-Language",
    "description": "For a patient whose profile names no language; RFC 9110",
    "schema": {"type": "string"},
    "example": "de-AT, de;q=0.9, en;q=0.5",
}
# What a phone sends is a handful; nobody needs the rest of a longer header.
READ_AT_MOST: Final = 200
# Of these headers there are few, and one comes with every request.
KNOWN_HEADERS: Final = 256


def accepted_languages() -> tuple[str, ...]:
    """The tags that this request asks for, the most wanted first."""
    return languages_of(request.headers.get("Accept-Language", "")[:READ_AT_MOST])


@lru_cache(maxsize=KNOWN_HEADERS)
def languages_of(header: str) -> tuple[str, ...]:
    """The tags of a header, the most wanted first; those that it refuses (`q=0`) and `*` are left
    out.
    """
    wanted = parse_accept_header(header, LanguageAccept)
    return tuple(tag for tag, quality in wanted if quality > 0 and tag != "*")


def in_languages(response: Response, languages: tuple[str, ...]) -> Response:
    """Say in which languages an answer is, and that another request may get others."""
    response.headers["Content-Language"] = ", ".join(languages)
    response.vary.add("Accept-Language")
    return response
