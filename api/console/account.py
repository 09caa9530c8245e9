"""One's own account: the second factor, its recovery codes, and where one is logged in."""

from __future__ import annotations

import re
from typing import Final
from uuid import UUID

from flask import Response, request

from api.browser.entrance import typed_code
from api.browser.forms import loaded
from api.browser.session import end_enrolling, reader
from api.console.qr import picture_of
from api.console.shell import back_to, page, shows, takes
from api.http.auth import now
from api.http.devices import passkey_site
from schemas.second_factor import BothProofsIn, TotpConfirmIn
from services.access import Action
from services.accounts.own_account import end_device, end_other_devices, list_devices
from services.accounts.second_factor.enrolment import (
    NOT_BEGUN,
    Enrolment,
    begin_totp,
    confirm_totp,
    get_factor,
    remove_totp,
    renew_recovery_codes,
    shown_again,
)
from services.accounts.second_factor.passkey_enrolment import NOT_OFFERED, list_passkeys
from services.accounts.second_factor.proof import Proof
from services.exceptions import Invalid, NotFound, RateLimited

HOME: Final = "/account"
FACTOR: Final = f"{HOME}/second-factor"
BOTH: Final = BothProofsIn()
CONFIRM: Final = TotpConfirmIn()
SECRET: Final = re.compile(r"[A-Z2-7]{32}")
KINDS: Final = {"phone": "App", "console": "Console", "alert_page": "Page of an alert"}
DONE: Final = {
    "removed": "Removed: your password alone is asked for, and every other log-in has ended.",
    "one_less": "Removed: it opens nothing any more, and every other log-in has ended.",
    "added": "Your passkey is asked for from now on, and every other log-in has ended.",
    "ended": "That log-in has ended.",
    "others": "Every other log-in has ended.",
}
GONE: Final = "There was nothing to do: it is as it stands here."


@shows(HOME, Action.OWN_FACTOR)
def show_account() -> Response:
    """The second factor and the log-ins of whoever reads."""
    return account_page()


def account_page(
    status: int = 200,
    about: str = "",
    errors: dict[str, list[str]] | None = None,
    begun: dict[str, str] | None = None,
    codes: list[str] | None = None,
    making: str = "",
) -> Response:
    """The page; `errors` stand at the form that they are `about`. `begun`: a secret that waits for
    its first code; `codes`: recovery codes, shown this once; `making`: what a new authenticator is
    asked.
    """
    actor = reader().actor
    passkeys, factor = list_passkeys(actor, now()), get_factor(actor, now())
    done = request.args.get("done", "")
    if done == "removed" and (passkeys or factor.enabled):
        done = "one_less"
    return page(
        "account/account.html",
        status,
        factor=factor,
        passkeys=passkeys,
        enrolled=bool(passkeys or factor.enabled),
        offered=passkey_site() is not None,
        not_offered=NOT_OFFERED,
        making=making,
        devices=list_devices(actor, now()),
        kinds=KINDS,
        about=about,
        errors=errors or {},
        begun=begun,
        codes=codes,
        done=DONE.get(done),
    )


@takes(FACTOR, Action.OWN_FACTOR)
def post_begin() -> Response:
    """A new secret, as a picture for an authenticator app and in letters."""
    try:
        enrolment = begin_totp(reader().actor, own_proof(), now())
    except (Invalid, RateLimited) as error:
        return refused("begin", error)
    return account_page(begun=_shown(enrolment))


@takes(f"{FACTOR}/confirm", Action.OWN_FACTOR)
def post_confirm() -> Response:
    """Its first code; the recovery codes are shown this once."""
    try:
        codes = confirm_totp(reader().actor, loaded(CONFIRM, "code").get("code", ""), now())
    except (Invalid, RateLimited) as error:
        is_over = isinstance(error, Invalid) and error.errors.get("code") == [NOT_BEGUN]
        return refused("confirm", error, begun=None if is_over else _shown_again())
    response = account_page(codes=codes)
    end_enrolling(response)
    return response


@takes(f"{FACTOR}/recovery-codes", Action.OWN_FACTOR)
def post_recovery_codes() -> Response:
    """New recovery codes, shown this once."""
    try:
        codes = renew_recovery_codes(reader().actor, own_proof(), now())
    except (Invalid, RateLimited, NotFound) as error:
        return refused("renew", error)
    return account_page(codes=codes)


@takes(f"{FACTOR}/remove", Action.OWN_FACTOR)
def post_remove() -> Response:
    """The password alone is asked for again."""
    try:
        remove_totp(reader().actor, own_proof(), now())
    except (Invalid, RateLimited, NotFound) as error:
        return refused("remove", error)
    return back_to(f"{HOME}?done=removed")


@takes(f"{HOME}/sessions/<uuid:session_id>/end", Action.OWN_FACTOR)
def post_session_end(session_id: UUID) -> Response:
    """Log one device out."""
    end_device(reader().actor, session_id, now())
    return back_to(f"{HOME}?done=ended")


@takes(f"{HOME}/sessions/end-others", Action.OWN_FACTOR)
def post_others_end() -> Response:
    """Log every other device out."""
    end_other_devices(reader().actor, now())
    return back_to(f"{HOME}?done=others")


def own_proof() -> Proof:
    """The password, and the code that was typed or a passkey's answer."""
    return Proof(**loaded(BOTH, "password"), **typed_code())


def refused(
    about: str, error: Invalid | RateLimited | NotFound, begun: dict[str, str] | None = None
) -> Response:
    """The page once more, with what stands against the form that it is `about`."""
    if isinstance(error, Invalid):
        # One field takes both kinds of code; without a picture the form of a first one is gone.
        at = {"recovery_code": "totp"} if begun or about != "confirm" else {"code": ""}
        errors = {at.get(name, name): words for name, words in error.errors.items()}
        return account_page(422, about, errors, begun)
    if isinstance(error, NotFound):
        return account_page(409, about, {"": [GONE]})
    words = f"Too many attempts. Try again in {error.retry_after_s} seconds."
    response = account_page(429, about, {"": [words]}, begun)
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response


def _shown(enrolment: Enrolment) -> dict[str, str]:
    groups = " ".join(re.findall(r".{1,4}", enrolment.secret))
    picture = picture_of(enrolment.otpauth_uri)
    return {
        "secret": enrolment.secret,
        "groups": groups,
        "uri": enrolment.otpauth_uri,
        "picture": picture,
    }


def _shown_again() -> dict[str, str] | None:
    """The picture once more: from what the form carries, which is drawn and nothing else."""
    secret = request.form.get("secret", "")
    if not SECRET.fullmatch(secret):
        return None
    return _shown(shown_again(reader().actor, secret, now()))
