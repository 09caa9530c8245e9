"""Which languages a request asks for (RFC 9110, `Accept-Language`)."""

from __future__ import annotations

from typing import Final

from flask import Response, request

# What a phone sends is a handful; the rest of a longer list would never be asked.
MOST: Final = 20


def accepted_languages() -> tuple[str, ...]:
    """The tags of the request, the most wanted first; those that it refuses (`q=0`) and `*` are
    left out.
    """
    wanted = [tag for tag, quality in request.accept_languages if quality > 0 and tag != "*"]
    return tuple(wanted[:MOST])


def in_languages(response: Response, languages: tuple[str, ...]) -> Response:
    """Say in which languages an answer is, and that another request may get others."""
    response.headers["Content-Language"] = ", ".join(languages)
    response.vary.add("Accept-Language")
    return response
