"""What a phone or a board asks for again and again: what is unchanged costs no body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from flask import Response, request

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


def polled_answer(document: Any, *, kept: bool = False) -> Response:
    """Answer with its ETag, or 304; `kept`: about nobody, so that a cache may keep it."""
    response = json_answer(document)
    if kept:
        response.headers["Cache-Control"] = "private, no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response
