"""The trend report: did the treatment work, how long does it hold?"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response, request
from werkzeug.exceptions import NotAcceptable

from api.answers import json_answer
from api.auth import current_actor, now
from api.bodies import Routes
from schemas.trends import TrendOut, TrendQuery
from services.trends.report import Question, get_own_trend, get_trend

routes = Routes("trends", __name__, description="Is the last treatment holding?")


@routes.route("/v1/patients/<uuid:patient_id>/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@routes.alt_response(406, "NOT_ACCEPTABLE")
def patient_trend(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's report as of a data cut: the same cut gives the same ``content_hash``."""
    expect_json_wanted()
    return json_answer(get_trend(current_actor(), patient_id, Question(**query), now()))


@routes.route("/v1/me/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@routes.alt_response(406, "NOT_ACCEPTABLE")
def own_trend(query: dict[str, Any]) -> Response:
    """The patient's own report."""
    expect_json_wanted()
    return json_answer(get_own_trend(current_actor(), Question(**query), now()))


def expect_json_wanted() -> None:
    """406 for a client that asks for a form of the report that is not made here."""
    accepted = request.accept_mimetypes
    if accepted and not accepted.accept_json:
        raise NotAcceptable
