"""A forgotten password."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import now, public
from api.http.bodies import Routes, json_answer
from api.http.client_address import client_address
from schemas.accounts import ResetConfirmIn, ResetIn, ResetOut
from services.password_reset.codes import VALID_FOR
from services.password_reset.reset import ask_for_reset, confirm_reset

routes = Routes("password_reset", __name__, description="A forgotten password")


@routes.writes("/v1/auth/password-reset", ResetIn, ResetOut, status=202)
@public
def post_password_reset(body: dict[str, Any]) -> Response:
    """Mail a code to an account's address; the same answer for every address."""
    ask_for_reset(body["email"], client_address(), now())
    return json_answer({"expires_in": int(VALID_FOR.total_seconds())}, 202)


@routes.writes("/v1/auth/password-reset/confirm", ResetConfirmIn, status=204)
@public
def post_password_reset_confirm(body: dict[str, Any]) -> None:
    """Set a new password with the newest code; every device is logged out."""
    confirm_reset(body["code"], body["password"], client_address(), now())
