"""One's own passkeys: added, asked for as a proof, removed. They need the console's script."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Response, jsonify, request

from api.browser.forms import checked
from api.browser.passkeys import as_asked, sent_passkey
from api.browser.session import end_enrolling, reader
from api.console.account import HOME, account_page, own_proof, refused
from api.console.shell import back_to, takes
from api.http.auth import now
from api.http.devices import passkey_site
from schemas.second_factor import PasskeyConfirmIn
from services.access import Action
from services.accounts.second_factor.passkey_enrolment import (
    ask_own_passkey,
    begin_passkey,
    confirm_passkey,
    remove_passkey,
)
from services.exceptions import Invalid, NotFound, RateLimited

PASSKEYS: Final = f"{HOME}/passkeys"
CONFIRM: Final = PasskeyConfirmIn()


@takes(PASSKEYS, Action.OWN_FACTOR)
def post_begin() -> Response:
    """What the browser asks a new authenticator, on a page that asks for its name."""
    try:
        options = begin_passkey(reader().actor, own_proof(), passkey_site(), now())
    except (Invalid, RateLimited) as error:
        return refused("passkey", error)
    return account_page(making=as_asked(options))


@takes(f"{PASSKEYS}/confirm", Action.OWN_FACTOR)
def post_confirm() -> Response:
    """Its answer; recovery codes are shown this once, where it is the first factor."""
    try:
        named = {"name": request.form.get("name", "").strip(), "passkey": sent_passkey()}
        sent = checked(CONFIRM, named)
        added = confirm_passkey(reader().actor, sent["name"], sent["passkey"], now())
    except (Invalid, RateLimited) as error:
        return refused("passkey", error)
    codes = added.recovery_codes
    response = account_page(codes=codes) if codes else back_to(f"{HOME}?done=added")
    end_enrolling(response)
    return response


@takes(f"{PASSKEYS}/challenge", Action.OWN_FACTOR)
def post_challenge() -> Response:
    """For the script: what the browser asks one of the own passkeys, as a proof."""
    try:
        return jsonify(ask_own_passkey(reader().actor, passkey_site(), now()))
    except NotFound as error:
        response = jsonify({"detail": error.detail})
        response.status_code = 404
        return response


@takes(f"{PASSKEYS}/<uuid:passkey_id>/remove", Action.OWN_FACTOR)
def post_remove(passkey_id: UUID) -> Response:
    """It is asked for no more."""
    try:
        remove_passkey(reader().actor, passkey_id, own_proof(), now())
    except (Invalid, RateLimited) as error:
        return refused(f"remove-{passkey_id}", error)
    return back_to(f"{HOME}?done=removed")
