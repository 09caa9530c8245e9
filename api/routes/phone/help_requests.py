""" "I need help now": always a critical alert."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import crisis_route, current_actor, now
from api.http.bodies import Routes, bytes_answer, json_answer
from api.routes.phone.check_ins import SENT_AT_HEADER, sent_at
from schemas.base import page_of
from schemas.phone.check_ins import EntryListQuery, HelpRequestIn, HelpRequestOut
from services.intake.forms import HelpForm
from services.intake.help_request import (
    get_help_request,
    list_help_requests,
    record_help_request,
)

routes = Routes("help_requests", __name__, description="I need help now")


@routes.writes("/v1/help-requests", HelpRequestIn, HelpRequestOut, once=True)
@crisis_route
@routes.doc(parameters=[SENT_AT_HEADER])
def post_help_request(body: dict[str, Any]) -> Response:
    """Store a help request exactly once and page at once."""
    return bytes_answer(record_help_request(current_actor(), HelpForm(**body), sent_at(), now()))


@routes.reads("/v1/help-requests", page_of(HelpRequestOut), EntryListQuery)
def get_help_requests(query: dict[str, Any]) -> Response:
    """A patient's help requests, newest first; staff name the patient."""
    return json_answer(list_help_requests(current_actor(), now=now(), **query))


@routes.reads("/v1/help-requests/<uuid:request_id>", HelpRequestOut)
def get_one_help_request(request_id: UUID) -> Response:
    """One help request: for the patient, and for those who may read its alert."""
    return json_answer(get_help_request(current_actor(), request_id, now()))
