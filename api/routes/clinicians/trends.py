"""The trend report: did the treatment work, how long does it hold?"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.media_types import CSV, JSON, PDF, PNG, SVG, also_in, file_answer, wanted_form
from api.report_process import rendition
from schemas.clinicians.trends import TrendOut, TrendQuery
from services.reports.trend.report import Question, get_trend

routes = Routes("trends", __name__, description="Is the last treatment holding?")

FORMS: Final = (CSV, SVG, PNG, PDF)


@routes.reads("/v1/patients/<uuid:patient_id>/trend", TrendOut, TrendQuery)
@also_in(routes, FORMS)
def patient_trend(query: dict[str, Any], patient_id: UUID) -> Response:
    """A patient's report as of a data cut: the same cut gives the same `content_hash`."""
    return _answer(query, patient_id)


@routes.reads("/v1/me/trend", TrendOut, TrendQuery)
@also_in(routes, FORMS)
def own_trend(query: dict[str, Any]) -> Response:
    """The patient's own report."""
    return _answer(query, None)


def _answer(query: dict[str, Any], patient_id: UUID | None) -> Response:
    """The report in the form that is wanted; None asks for the actor's own."""
    wanted, asked, actor = wanted_form(FORMS), Question(**query), current_actor()
    whose = actor.own_patient_id() if patient_id is None else patient_id
    if wanted == JSON:
        return json_answer(get_trend(actor, whose, asked, now()).document)
    body, file_name = rendition(actor, whose, asked, wanted)
    return file_answer(body, wanted, file_name)
