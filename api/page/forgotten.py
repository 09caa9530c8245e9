"""A forgotten password on the page: ask for a code, then set a new password with it."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from api.browser.forms import loaded
from api.http.auth import now, public
from api.http.client_address import client_address
from api.page.rendering import answer, message
from api.page.views import page
from schemas.accounts import ResetConfirmIn, ResetIn
from services.exceptions import Invalid, RateLimited, ResetCodeInvalid
from services.password_reset.reset import ask_for_reset, confirm_reset

ASK: Final = ResetIn()
CONFIRM: Final = ResetConfirmIn()
ASKED: Final = (
    "If an account has this address, a code is on its way to it. It holds for 30 minutes."
)
SET: Final = "Your password is changed, and every device has to log in again."


@page.get("/a/forgot")
@public
def show_forgotten() -> Response:
    """Ask for a code, or enter the one that came. It spends nothing."""
    return answer("forgotten.html")


@page.post("/a/forgot")
@public
def post_forgotten() -> Response:
    """Mail a code; the same answer for every address."""
    try:
        ask_for_reset(loaded(ASK, "email")["email"], client_address(), now())
    except Invalid:
        return answer("forgotten.html", 422, problem="Please enter your e-mail address.")
    except RateLimited as error:
        return wait(error)
    return answer("forgotten.html", asked=ASKED)


@page.post("/a/forgot/code")
@public
def post_new_password() -> Response:
    """Set the password with the newest code."""
    code = request.form.get("code", "")
    try:
        sent = loaded(CONFIRM, "code", "password")
        confirm_reset(sent["code"], sent["password"], client_address(), now())
    except Invalid as error:
        sentences = [each for found in error.errors.values() for each in found]
        return answer("forgotten.html", 422, problem=" ".join(sentences), code=code)
    except ResetCodeInvalid as error:
        return answer("forgotten.html", 409, problem=error.detail, code=code)
    except RateLimited as error:
        return wait(error)
    return message(200, "Password changed", SET)


def wait(error: RateLimited) -> Response:
    """Too many tries from here."""
    words = f"Too many attempts. Try again in {error.retry_after_s} seconds."
    response = answer("forgotten.html", 429, problem=words)
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response
