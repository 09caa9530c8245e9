"""The own account: who I am, my password, my devices."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, device_of, me_of, now
from api.http.bodies import Routes, json_answer
from api.http.client_address import client_address
from api.http.devices import undo_page
from schemas.accounts import (
    MeOut,
    MePatchIn,
    NewAddressConfirmIn,
    NewAddressIn,
    NewAddressOut,
    PasswordIn,
    SessionOut,
)
from schemas.base import page_of
from services.accounts.own_account import (
    change_password,
    end_device,
    end_other_devices,
    get_me,
    list_devices,
)
from services.accounts.second_factor.proof import Proof
from services.membership.new_address import VALID_FOR, ask_for_address, confirm_address
from services.phone.profile import change_own_profile

routes = Routes("me", __name__, description="The own account")


@routes.reads("/v1/me", MeOut)
def get_own_account() -> Response:
    """Who I am."""
    return json_answer(me_of(get_me(current_actor(), now())))


@routes.writes("/v1/me", MePatchIn, MeOut, method="PATCH")
def patch_own_account(body: dict[str, Any]) -> Response:
    """Change my language, zone, and when not to remind me."""
    return json_answer(me_of(change_own_profile(current_actor(), body, now())))


@routes.writes("/v1/me/password", PasswordIn, status=204)
def post_password(body: dict[str, Any]) -> None:
    """Change the own password; every other device is logged out."""
    token = body.get("refresh_token")
    device = None if token is None else device_of(token)
    old, new = body.get("old_password"), body["new_password"]
    change_password(current_actor(), old, new, now(), device)


@routes.writes("/v1/me/email", NewAddressIn, NewAddressOut, status=202)
def post_email(body: dict[str, Any]) -> Response:
    """Ask for another address: a code is mailed to it, and the old one is told how to undo it."""
    email = body.pop("email")
    ask_for_address(current_actor(), email, Proof(**body), undo_page(), now())
    return json_answer({"expires_in": int(VALID_FOR.total_seconds())}, 202)


@routes.writes("/v1/me/email/confirm", NewAddressConfirmIn, MeOut)
def post_email_confirm(body: dict[str, Any]) -> Response:
    """Take the new address with the code from its mailbox; pages go to it from now on."""
    asked = (current_actor(), body["code"], undo_page(), client_address(), now())
    return json_answer(me_of(confirm_address(*asked)))


@routes.reads("/v1/me/sessions", page_of(SessionOut))
def get_own_sessions() -> Response:
    """My devices that are logged in, newest first."""
    return json_answer({"items": list_devices(current_actor(), now()), "next_cursor": None})


@routes.writes("/v1/me/sessions/<uuid:session_id>", status=204, method="DELETE")
def delete_session(session_id: UUID) -> None:
    """Log one of my devices out."""
    end_device(current_actor(), session_id, now())


@routes.writes("/v1/me/sessions", status=204, method="DELETE")
def delete_other_sessions() -> None:
    """Log every other device of mine out."""
    end_other_devices(current_actor(), now())
