"""The own account: who I am, my password, my devices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, me_of, now
from api.http.bodies import Routes, json_answer
from schemas.accounts import MeOut, PasswordIn, SessionOut
from schemas.base import page_of
from services.accounts.own_account import change_password, end_device, get_me, list_devices

routes = Routes("me", __name__, description="The own account")


@routes.reads("/v1/me", MeOut)
def get_own_account() -> Response:
    """Who I am."""
    return json_answer(me_of(get_me(current_actor(), now())))


@routes.writes("/v1/me/password", PasswordIn, status=204)
def post_password(body: dict[str, Any]) -> None:
    """Change the own password; every other device is logged out."""
    change_password(current_actor(), body.get("old_password"), body["new_password"], now())


@routes.reads("/v1/me/sessions", page_of(SessionOut))
def get_sessions() -> Response:
    """My devices that are logged in, newest first."""
    return json_answer({"items": list_devices(current_actor(), now()), "next_cursor": None})


@routes.writes("/v1/me/sessions/<uuid:session_id>", status=204, method="DELETE")
def delete_session(session_id: UUID) -> None:
    """Log one of my devices out."""
    end_device(current_actor(), session_id, now())
