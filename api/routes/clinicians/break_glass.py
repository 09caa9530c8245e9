"""Break-glass: a patient out of view, for an hour and for a reason."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.clinicians.break_glass import BreakGlassIn, BreakGlassOut
from services.break_glass import break_glass

routes = Routes("break_glass", __name__, description="A patient out of view, in an emergency")


@routes.writes("/v1/break-glass", BreakGlassIn, BreakGlassOut, status=201)
def post_break_glass(body: dict[str, Any]) -> Response:
    """Have one patient of the clinic in view for an hour. It is recorded with its reason, and the
    administrators are told by mail.
    """
    return json_answer(break_glass(current_actor(), now=now(), **body), 201)
