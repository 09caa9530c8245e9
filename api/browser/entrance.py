"""Logging in with a form: as `/v1/auth/login` does, with the same delays and second factor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, Protocol

from flask import Response, request

from api.browser.forms import loaded
from api.browser.passkeys import as_asked, sent_passkey
from api.browser.session import begin_session
from api.http.auth import now
from api.http.client_address import client_address
from api.http.devices import (
    claimed_devices,
    link_page,
    logged_in_by,
    passkey_site,
    remember_device,
)
from api.http.hold import HEADER as HOLD
from api.http.hold import REFUSED_AFTER_S
from schemas.accounts import LoginIn
from services.accounts.login import Credentials, log_in
from services.accounts.second_factor.recovery_codes import is_recovery_code
from services.accounts.tokens.families import Grant
from services.exceptions import (
    ChooseClinic,
    Invalid,
    LoginFailed,
    RateLimited,
    SecondFactorRequired,
    WrongFactor,
)

LOGIN: Final = LoginIn()
SECOND_FACTOR: Final = "Please add the code of your second factor."
WITH_PASSKEY: Final = "Please use your passkey, or add a code of your second factor."


class AskAgain(Protocol):
    """Answer with the log-in form once more: `code` asks for the second factor, `passkey` is what
    a browser asks one of the account's passkeys, `clinics` which one is meant.
    """

    def __call__(
        self,
        status: int,
        problem: str | None,
        email: str,
        code: bool = False,
        clinics: Sequence[Mapping[str, Any]] = (),
        passkey: str = "",
    ) -> Response: ...


def grant_of(credentials: Credentials) -> Grant:
    """Log in from where this request comes; raises as `log_in` does."""
    by = replace(credentials, by=logged_in_by())
    return log_in(by, client_address(), now(), claimed_devices(), link_page(), passkey_site())


def log_in_by_form(
    ask_again: AskAgain, enter: Callable[[Credentials], Grant], welcome: Callable[[Grant], Response]
) -> Response:
    """Log in, and answer as `welcome` does with the cookies of a new session; or ask again."""
    email = request.form.get("email", "")
    try:
        grant = enter(Credentials(**_sent()))
    except ChooseClinic as error:
        return ask_again(409, error.detail, email, clinics=error.extra["clinics"])
    except SecondFactorRequired as error:
        is_wrong = isinstance(error, WrongFactor)
        options = as_asked(error.extra.get("passkey"))
        words = error.detail if is_wrong else WITH_PASSKEY if options else SECOND_FACTOR
        response = ask_again(401, words, email, code=True, passkey=options)
        return _hold(response) if is_wrong else response
    except RateLimited as error:
        return _wait(ask_again, error, email)
    except (LoginFailed, Invalid):
        return _hold(ask_again(401, LoginFailed.detail, email))
    response = welcome(grant)
    begin_session(response, grant)
    remember_device(response, grant.actor.user_id, now())
    return response


def _sent() -> dict[str, Any]:
    return loaded(LOGIN, "email", "password", "clinic_id") | typed_code()


def typed_code() -> dict[str, Any]:
    """The code that was typed: either kind of it in one field, told apart by its length; or the
    answer of a passkey.
    """
    answer = sent_passkey()
    if answer:
        return {"passkey": answer}
    typed = request.form.get("totp", "").strip()
    if not typed:
        return {}
    return {"recovery_code" if is_recovery_code(typed) else "totp": typed}


def _hold(response: Response) -> Response:
    response.headers[HOLD] = str(REFUSED_AFTER_S)
    return response


def _wait(ask_again: AskAgain, error: RateLimited, email: str) -> Response:
    words = (
        f"Too many attempts. Try again in {error.retry_after_s} seconds, or open the link that"
        " is mailed to the account's address."
    )
    response = ask_again(429, words, email)
    response.headers["Retry-After"] = str(error.retry_after_s)
    return response
