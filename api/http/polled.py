"""What a phone or a board asks for again and again: what is unchanged costs no body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, current_app, request

from api.http.bodies import Routes, json_answer

TAG: Final = {"ETag": {"description": "Names this content", "schema": {"type": "string"}}}
IF_NONE_MATCH: Final = {
    "in": "header",
    "name": "If-None-Match",
    "description": "The ETag of the copy at hand; unchanged content answers 304",
    "schema": {"type": "string"},
    "example": '"5b0c7c1e"',
}


def polled(routes: Routes) -> Callable[[Callable[..., Response]], Any]:
    """Document the 304 for whoever shows the ETag."""
    unchanged: Callable[[Callable[..., Response]], Any] = routes.alt_response(
        304, description="Unchanged", headers=TAG, success=True
    )
    return unchanged


def known_tags() -> frozenset[str]:
    """The tags of what whoever asks has at hand."""
    return frozenset(request.if_none_match.as_set(include_weak=True))


def tagged_answer(tag: str, document: Any | None) -> Response:
    """A document under the tag that its service gave it; None: 304."""
    response: Response = (
        current_app.response_class(status=304) if document is None else json_answer(document)
    )
    response.set_etag(tag)
    return response


def polled_answer(document: Any, *, kept: bool = False) -> Response:
    """Answer with its ETag, or 304; `kept`: about nobody, so that a cache may keep it."""
    response = json_answer(document)
    if kept:
        response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
