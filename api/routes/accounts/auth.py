"""Log-in, refresh, log-out, and accepting an invitation."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, login_of, now, pair_of, presented_refresh_token, public
from api.http.bodies import Routes, json_answer
from api.http.client_address import client_address
from api.http.devices import (
    claimed_devices,
    link_page,
    logged_in_by,
    passkey_site,
    remember_device,
)
from schemas.accounts import AcceptIn, LoginIn, LoginOut, PairOut
from services.accounts.accept import Acceptance, accept
from services.accounts.login import Credentials, log_in
from services.accounts.own_account import log_out
from services.accounts.tokens.refresh import refresh

routes = Routes("auth", __name__, description="Log-in and tokens")


@routes.writes("/v1/auth/login", LoginIn, LoginOut)
@public
def post_login(body: dict[str, Any]) -> Response:
    """Log in with e-mail and password; one refusal for every cause."""
    came_from = (client_address(), now(), claimed_devices(), link_page(), passkey_site())
    grant = log_in(Credentials(**body, by=logged_in_by()), *came_from)
    answer = json_answer(login_of(grant))
    remember_device(answer, grant.actor.user_id, now())
    return answer


@routes.writes("/v1/auth/refresh", None, PairOut)
@public
@routes.doc(security=[{"refresh": []}])
def post_refresh() -> Response:
    """A new pair for the refresh token in the Authorization header; safe to repeat."""
    return json_answer(pair_of(refresh(presented_refresh_token(), now())))


@routes.writes("/v1/auth/logout", status=204)
def post_logout() -> None:
    """End this device's family of tokens."""
    log_out(current_actor(), now())


@routes.writes("/v1/invitations/accept", AcceptIn, LoginOut, status=201)
@public
def post_accept(body: dict[str, Any]) -> Response:
    """Take an account over with the code that staff handed out."""
    grant = accept(Acceptance(**body, by=logged_in_by()), client_address(), now())
    return json_answer(login_of(grant), 201)
