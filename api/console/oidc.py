"""Signing in with a clinic's own provider: the page with its button, the way there and back, and
the code of a second factor where the provider has asked for none.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from flask import Response, current_app, redirect, request
from itsdangerous import BadSignature, URLSafeSerializer

from api.browser.entrance import SECOND_FACTOR, typed_code
from api.browser.session import (
    CONSOLE,
    begin_session,
    below,
    is_https,
    page_keys,
    settings,
)
from api.console.shell import at, back_to, console, frame, own_page
from api.http.auth import now, public
from api.http.client_address import client_address
from api.http.devices import claimed_devices, logged_in_by, remember_device
from api.http.hold import HEADER as HOLD
from api.http.hold import REFUSED_AFTER_S
from services.accounts.oidc.answer import Proved, SignInAnswer, take_answer
from services.accounts.oidc.begin import WITHIN, begin_sign_in
from services.accounts.oidc.discovery import Asker
from services.accounts.oidc.enter import enter
from services.accounts.oidc.providers import find_provider
from services.accounts.oidc.refusals import refused
from services.accounts.second_factor.factors import SentFactor
from services.exceptions import (
    NotFound,
    RateLimited,
    SecondFactorRequired,
    SignInRefused,
    WrongFactor,
)

HERE: Final = "/oidc/<uuid:clinic_id>"
COOKIE: Final = "interlude_oidc"
# What the provider's answer may have that is looked at.
ANSWERED: Final = ("state", "code", "iss", "error")


@console.get(HERE)
@public
def show_sign_in(clinic_id: UUID) -> Response:
    """The button that leads to the clinic's provider."""
    return _page(clinic_id, wanted=own_page(request.args.get("wanted", "")))


@console.get(f"{HERE}/begin")
@public
def begin(clinic_id: UUID) -> Response:
    """Go to the provider. A link, as a browser would hold back a form that leads elsewhere."""
    wanted = own_page(request.args.get("wanted", ""))
    try:
        begun = begin_sign_in(clinic_id, _back(clinic_id), asker(), client_address(), now())
    except SignInRefused as error:
        return _page(clinic_id, 503, error.detail, wanted)
    except RateLimited as error:
        words = f"Too many attempts. Try again in {error.retry_after_s} seconds."
        return _page(clinic_id, 429, words, wanted)
    response: Response = redirect(begun.address, 303)  # type: ignore[assignment] # werkzeug's base
    _keep(response, clinic_id, {"secret": begun.secret, "wanted": wanted})
    return response


@console.get(f"{HERE}/back")
@public
def come_back(clinic_id: UUID) -> Response:
    """What the provider has answered, once and in the browser that asked."""
    kept = _kept(clinic_id)
    wanted = kept.get("wanted", "")
    sent = {name: request.args.get(name) for name in ANSWERED}
    answer = SignInAnswer(
        clinic_id,
        kept.get("secret", ""),
        {name: value for name, value in sent.items() if value is not None},
        _back(clinic_id),
    )
    try:
        if not answer.secret:
            raise refused("other_browser")
        proved = take_answer(answer, asker(), now())
    except SignInRefused as error:
        return _ended(_page(clinic_id, 401, error.detail, wanted), clinic_id)
    return _entered(proved, SentFactor(), wanted)


@console.post(f"{HERE}/code")
@public
def post_code(clinic_id: UUID) -> Response:
    """The code of the second factor, for whom the provider has just named."""
    kept = _kept(clinic_id)
    wanted = kept.get("wanted", "")
    if "identity" not in kept:
        words = refused("late_code").detail
        return _ended(_page(clinic_id, 401, words, wanted), clinic_id)
    roles = kept["roles"]
    proved = Proved(
        clinic_id,
        bytes.fromhex(kept["identity"]),
        kept["address"],
        None if roles is None else tuple(roles),
        has_factor=False,
        set_at=datetime.fromisoformat(kept["set_at"]),
    )
    return _entered(proved, SentFactor(**typed_code()), wanted)


def asker() -> Asker:
    """Who asks the providers, and keeps what they said: one in each process."""
    found: Asker | None = current_app.extensions.get("oidc_asker")
    if found is None:
        found = Asker(private=settings().webhook_private)
        current_app.extensions["oidc_asker"] = found
    return found


def _entered(proved: Proved, factor: SentFactor, wanted: str) -> Response:
    clinic_id = proved.clinic_id
    try:
        grant = enter(proved, factor, logged_in_by(), client_address(), claimed_devices(), now())
    except SignInRefused as error:
        return _ended(_page(clinic_id, 401, error.detail, wanted), clinic_id)
    except SecondFactorRequired as error:
        problem = error.detail if isinstance(error, WrongFactor) else SECOND_FACTOR
        response = _page(clinic_id, 401, problem, wanted, code=True)
        named = {
            "identity": proved.identity.hex(),
            "address": proved.address,
            "roles": proved.roles,
            "set_at": proved.set_at and proved.set_at.isoformat(),
        }
        if not factor:
            _keep(response, clinic_id, {**named, "wanted": wanted})
        return response
    except RateLimited as error:
        words = f"Too many attempts. Try again in {error.retry_after_s} seconds."
        return _page(clinic_id, 429, words, wanted, code=True)
    response = _ended(back_to(wanted), clinic_id)
    begin_session(response, grant)
    remember_device(response, grant.actor.user_id, now())
    return response


def _page(
    clinic_id: UUID,
    status: int = 200,
    problem: str | None = None,
    wanted: str = "",
    *,
    code: bool = False,
) -> Response:
    """Raises `NotFound` where the clinic has no provider, as where there is no such clinic."""
    _back(clinic_id)
    given: dict[str, Any] = {"problem": problem, "wanted": wanted, "code": code}
    here = at(f"/oidc/{clinic_id}")
    name = find_provider(clinic_id).name
    response = frame("shell/oidc.html", status, here=here, name=name, **given)
    if status == 401:
        response.headers[HOLD] = str(REFUSED_AFTER_S)
    return response


def _back(clinic_id: UUID) -> str:
    """Where the provider sends browsers: by our own public address, whatever the request names."""
    public_url = settings().public_url
    if not public_url:
        raise NotFound
    return f"{public_url}{CONSOLE}/oidc/{clinic_id}/back"


def _keep(response: Response, clinic_id: UUID, what: Mapping[str, Any]) -> None:
    """In this browser, for as long as a sign-in lasts; no script reads it."""
    response.set_cookie(
        COOKIE,
        _signer(clinic_id).dumps({**what, "kept_at": now().timestamp()}),
        max_age=WITHIN,
        path=_path(clinic_id),
        httponly=True,
        samesite="Lax",
        secure=is_https(),
    )


def _kept(clinic_id: UUID) -> dict[str, Any]:
    """What this browser keeps of a sign-in with this clinic; nothing without our signature on it,
    or when it is too old. Of two servers one may be behind the other.
    """
    try:
        found: dict[str, Any] = _signer(clinic_id).loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return {}
    age = abs(now().timestamp() - found["kept_at"])
    return found if age < WITHIN.total_seconds() else {}


def _ended(response: Response, clinic_id: UUID) -> Response:
    response.delete_cookie(
        COOKIE, path=_path(clinic_id), httponly=True, samesite="Lax", secure=is_https()
    )
    return response


def _path(clinic_id: UUID) -> str:
    return below(f"{CONSOLE}/oidc/{clinic_id}")


def _signer(clinic_id: UUID) -> URLSafeSerializer:
    """Of this clinic alone: what was begun with one provider is no answer of another."""
    return URLSafeSerializer(page_keys(b"oidc"), salt=clinic_id.bytes)
