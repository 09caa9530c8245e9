"""The own passkeys: a second factor that answers to our address alone."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from api.http.devices import passkey_site
from schemas.base import page_of
from schemas.second_factor import (
    BothProofsIn,
    PasskeyAddedOut,
    PasskeyConfirmIn,
    PasskeyOptionsOut,
    PasskeyOut,
)
from services.accounts.second_factor.passkey_enrolment import (
    ask_own_passkey,
    begin_passkey,
    confirm_passkey,
    list_passkeys,
    remove_passkey,
)
from services.accounts.second_factor.proof import Proof

routes = Routes("passkeys", __name__, description="The own passkeys")


@routes.reads("/v1/me/passkeys", page_of(PasskeyOut))
def get_own_passkeys() -> Response:
    """My passkeys, newest first."""
    return json_answer({"items": list_passkeys(current_actor(), now()), "next_cursor": None})


@routes.writes("/v1/me/passkeys", BothProofsIn, PasskeyOptionsOut, status=201)
def post_passkey(body: dict[str, Any]) -> Response:
    """Begin with a passkey: what the browser asks the authenticator, answered within 5 minutes."""
    options = begin_passkey(current_actor(), Proof(**body), passkey_site(), now())
    return json_answer({"public_key": options}, 201)


@routes.writes("/v1/me/passkeys/confirm", PasskeyConfirmIn, PasskeyAddedOut, status=201)
def post_passkey_confirm(body: dict[str, Any]) -> Response:
    """Its answer: it is asked for from now on, and every other device is logged out."""
    added = confirm_passkey(current_actor(), body["name"], body["passkey"], now())
    one = added.passkey
    shown = {
        "id": one.id,
        "name": one.name,
        "added_at": one.added_at,
        "last_used_at": one.last_used_at,
        "recovery_codes": added.recovery_codes,
    }
    return json_answer(shown, 201)


@routes.writes("/v1/me/passkeys/challenge", None, PasskeyOptionsOut, status=201)
def post_passkey_challenge() -> Response:
    """Ask one of my passkeys: its answer is a proof where a password or a code is one."""
    options = ask_own_passkey(current_actor(), passkey_site(), now())
    return json_answer({"public_key": options}, 201)


@routes.writes("/v1/me/passkeys/<uuid:passkey_id>", BothProofsIn, status=204, method="DELETE")
def delete_passkey(body: dict[str, Any], passkey_id: UUID) -> None:
    """Ask for it no more; every other device is logged out."""
    remove_passkey(current_actor(), passkey_id, Proof(**body), now())
