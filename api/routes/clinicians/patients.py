"""Patients, care teams and the caseload: who needs me today?"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, after_this_request, request

from api.http.auth import current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from api.page.caseload import caseload_page
from schemas.base import page_of
from schemas.clinicians.patients import (
    CareTeamIn,
    CareTeamOut,
    CaseloadQuery,
    CaseloadRowOut,
    PatientChangeIn,
    PatientIn,
    PatientOut,
)
from services.caseload.patient.change import change_patient
from services.caseload.patient.create import create_patient
from services.caseload.patient.profile import get_care_team, get_patient, put_care_team
from services.caseload.worklist.listing import list_caseload, print_caseload
from services.caseload.worklist.statement import CaseloadFilter

JSON: Final = "application/json"
HTML: Final = "text/html"

routes = Routes("patients", __name__, description="People in treatment; the caseload")


@routes.writes("/v1/patients", PatientIn, PatientOut, once=True)
def post_patient(body: dict[str, Any]) -> Response:
    """Enrol a patient who has no account yet; with an `id` of the client's, exactly once."""
    return bytes_answer(create_patient(current_actor(), body.pop("id", None), body, now()))


@routes.reads("/v1/patients", page_of(CaseloadRowOut), CaseloadQuery)
@routes.alt_response(200, schema={"type": "string"}, content_type=HTML)
def get_caseload(query: dict[str, Any]) -> Response:
    """The caseload: every patient in view, with status and the reason in words. As `text/html` a
    page for the printer, of all patients that match: `limit` and `cursor` do not count then.
    """
    after_this_request(varies)
    wanted = CaseloadFilter(**query)
    if request.accept_mimetypes.best_match((JSON, HTML)) == HTML:
        return caseload_page(print_caseload(current_actor(), wanted, now()), wanted)
    return json_answer(list_caseload(current_actor(), wanted, now()))


def varies(response: Response) -> Response:
    """The answer depends on what the client accepts."""
    response.vary.add("Accept")
    return response


@routes.reads("/v1/patients/<uuid:patient_id>", PatientOut)
def get_one_patient(patient_id: UUID) -> Response:
    """One patient with their contact data; the read is recorded."""
    return json_answer(get_patient(current_actor(), patient_id, now()))


@routes.writes("/v1/patients/<uuid:patient_id>", PatientChangeIn, PatientOut, method="PATCH")
def patch_patient(body: dict[str, Any], patient_id: UUID) -> Response:
    """Change contact data, or pause, discharge and follow again."""
    return json_answer(change_patient(current_actor(), patient_id, body, now()))


@routes.reads("/v1/patients/<uuid:patient_id>/care-team", CareTeamOut)
def get_team(patient_id: UUID) -> Response:
    """Who looks after a patient."""
    return json_answer({"user_ids": get_care_team(current_actor(), patient_id, now())})


@routes.writes("/v1/patients/<uuid:patient_id>/care-team", CareTeamIn, CareTeamOut, method="PUT")
def put_team(body: dict[str, Any], patient_id: UUID) -> Response:
    """The team is exactly these people."""
    members = put_care_team(current_actor(), patient_id, body["user_ids"], now())
    return json_answer({"user_ids": members})
