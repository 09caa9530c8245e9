""" "I need help now": always a critical alert."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import crisis_route, current_actor, now
from api.http.bodies import Routes, bytes_answer
from schemas.check_ins import HelpRequestIn, HelpRequestOut
from services.intake.forms import HelpForm
from services.intake.help_request import record_help_request

routes = Routes("help_requests", __name__, description="I need help now")


@routes.writes("/v1/help-requests", HelpRequestIn, HelpRequestOut, once=True)
@crisis_route
def post_help_request(body: dict[str, Any]) -> Response:
    """Store a help request exactly once and page at once."""
    return bytes_answer(record_help_request(current_actor(), HelpForm(**body), now()))
