"""What changed between two reports of a patient, and who or what changed it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.clinicians.trends import DifferenceOut, DifferenceQuery
from services.reports.trend.difference import get_difference

routes = Routes("trend_difference", __name__, description="What changed between two reports?")


@routes.reads("/v1/patients/<uuid:patient_id>/trend/difference", DifferenceOut, DifferenceQuery)
def trend_difference(query: dict[str, Any], patient_id: UUID) -> Response:
    """The fields that differ between two data cuts, and the entries that made them differ."""
    return json_answer(get_difference(current_actor(), patient_id, now=now(), **query))
