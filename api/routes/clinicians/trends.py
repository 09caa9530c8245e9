"""The trend report: did the treatment work, how long does it hold?"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.media_types import CSV, JSON, PDF, PNG, SVG, also_in, file_answer, wanted_form
from schemas.trends import TrendOut, TrendQuery
from services.reports.trend.renditions import Rendition, get_own_rendition, get_rendition
from services.reports.trend.report import Question, get_own_trend, get_trend

routes = Routes("trends", __name__, description="Is the last treatment holding?")

FORMS: Final = (CSV, SVG, PNG, PDF)


@routes.route("/v1/patients/<uuid:patient_id>/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@also_in(routes, FORMS)
def patient_trend(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's report as of a data cut: the same cut gives the same `content_hash`."""
    wanted, asked = wanted_form(FORMS), Question(**query)
    if wanted == JSON:
        return json_answer(get_trend(current_actor(), patient_id, asked, now()).document)
    return made_answer(get_rendition(current_actor(), patient_id, asked, wanted, now()))


@routes.route("/v1/me/trend", methods=["GET"])
@routes.arguments(TrendQuery, location="query")
@routes.response(200, TrendOut)
@also_in(routes, FORMS)
def own_trend(query: dict[str, Any]) -> Response:
    """The patient's own report."""
    wanted, asked = wanted_form(FORMS), Question(**query)
    if wanted == JSON:
        return json_answer(get_own_trend(current_actor(), asked, now()).document)
    return made_answer(get_own_rendition(current_actor(), asked, wanted, now()))


def made_answer(made: Rendition) -> Response:
    """A form of the report beside JSON."""
    return file_answer(made.body, made.media_type, made.file_name)
