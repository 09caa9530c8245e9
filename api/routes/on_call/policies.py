"""Escalation policies."""

from __future__ import annotations

from typing import Any, Final

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.on_call import PolicyIn, PolicyOut
from services.on_call.policies import get_policy, put_policy

routes = Routes("policies", __name__, description="Whom an alert pages, step by step")
POLICY: Final = "/v1/on-call/policies/<string:severity>"


@routes.reads(POLICY, PolicyOut)
def get_one_policy(severity: str) -> Response:
    """The policy of critical or high; without steps the contact chain is it."""
    return json_answer(get_policy(current_actor(), severity, now()))


@routes.writes(POLICY, PolicyIn, PolicyOut, method="PUT")
def put_one_policy(body: dict[str, Any], severity: str) -> Response:
    """Set it; open alerts go on by it from their next step. The last resort always follows."""
    return json_answer(put_policy(current_actor(), severity, body["steps"], now()))
