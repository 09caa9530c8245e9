"""A patient's data in one zip: for themselves, and for whoever treats them."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.media_types import AS_OF, ZIP, zip_answer
from schemas.privacy.requests import ExportOut
from services.export.requests import read_export, request_export

routes = Routes("exports", __name__, description="A patient's data, to take along")

FILE: Final = {"type": "string", "format": "binary"}
HEADERS: Final = {
    AS_OF: {
        "description": "What was stored by then is in it, RFC 3339 in UTC",
        "schema": {"type": "string", "format": "date-time"},
    }
}


@routes.writes("/v1/patients/<uuid:patient_id>/export", None, ExportOut, status=202)
def post_export(patient_id: UUID) -> Response:
    """Ask for all that there is about a patient."""
    return json_answer(request_export(current_actor(), patient_id, now()), 202)


@routes.writes("/v1/me/export", None, ExportOut, status=202)
def post_own_export() -> Response:
    """Ask for all that there is about oneself, as a patient."""
    actor = current_actor()
    return json_answer(request_export(actor, actor.own_patient_id(), now()), 202)


@routes.reads("/v1/exports/<uuid:export_id>", FILE, content_type=ZIP, headers=HEADERS)
def get_export(export_id: UUID) -> Response:
    """The zip: README.txt, data.json, and a CSV file for each kind; for who asked for it."""
    return zip_answer(read_export(current_actor(), export_id, now()))
