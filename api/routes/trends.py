"""The trend report: did the treatment work, how long does it hold?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from flask import Response, after_this_request, current_app, request
from werkzeug.exceptions import NotAcceptable

from api.answers import json_answer
from api.auth import current_actor, now
from api.bodies import Routes
from schemas.trends import TrendOut, TrendQuery
from services.trends.renditions import (
    CSV,
    JSON,
    MEDIA_TYPES,
    PDF,
    PNG,
    SVG,
    Rendition,
    get_own_rendition,
    get_rendition,
)
from services.trends.report import Question, get_own_trend, get_trend

routes = Routes("trends", __name__, description="Is the last treatment holding?")

# A picture that is opened as a page may show itself and reach nothing.
PICTURE_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_TEXT: Final = {"type": "string"}
_FILE: Final = {"type": "string", "format": "binary"}
_SHAPES: Final = {CSV: _TEXT, SVG: _TEXT, PNG: _FILE, PDF: _FILE}


def every_form(view: Callable[..., Response]) -> Any:
    """Documents the forms beside JSON, and the refusal of any other."""
    for form, shape in _SHAPES.items():
        view = routes.alt_response(200, schema=shape, content_type=form)(view)
    return routes.alt_response(406, "NOT_ACCEPTABLE")(view)


@routes.route("/v1/patients/<uuid:patient_id>/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@every_form
def patient_trend(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's report as of a data cut: the same cut gives the same ``content_hash``."""
    wanted, asked = wanted_form(), Question(**query)
    if wanted == JSON:
        return json_answer(get_trend(current_actor(), patient_id, asked, now()))
    return file_answer(get_rendition(current_actor(), patient_id, asked, wanted, now()))


@routes.route("/v1/me/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@every_form
def own_trend(query: dict[str, Any]) -> Response:
    """The patient's own report."""
    wanted, asked = wanted_form(), Question(**query)
    if wanted == JSON:
        return json_answer(get_own_trend(current_actor(), asked, now()))
    return file_answer(get_own_rendition(current_actor(), asked, wanted, now()))


def wanted_form() -> str:
    """The form of the report that the client likes best; 406 when none of ours is among them."""
    after_this_request(_varies)
    accepted = request.accept_mimetypes
    if not accepted:
        return JSON
    best = accepted.best_match(MEDIA_TYPES)
    if best is None:
        raise NotAcceptable
    return best


def file_answer(made: Rendition) -> Response:
    """A form of the report, shown or, where nothing shows it, saved under a neutral name."""
    kind = "attachment" if made.media_type == CSV else "inline"
    response: Response = current_app.response_class(made.body, mimetype=made.media_type)
    response.headers["Content-Disposition"] = f'{kind}; filename="{made.file_name}"'
    if made.media_type == SVG:
        response.headers["Content-Security-Policy"] = PICTURE_POLICY
    return response


def _varies(response: Response) -> Response:
    response.vary.add("Accept")
    return response
