"""Tokens to actors. Every route denies by default: only `@public` ones answer without a token."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, TypeVar
from uuid import UUID

import jwt
from flask import Flask, current_app, g, request
from flask_jwt_extended import JWTManager, create_access_token, create_refresh_token

from api.http.languages import accepted_languages
from models.encryption import derive, key_id_of
from services.access import Actor
from services.accounts.account import Profile
from services.accounts.tokens.families import Grant
from services.accounts.tokens.refresh import Presented
from services.clock import utcnow
from services.exceptions import EnrolFirst, TokenExpired, Unauthenticated
from services.unit_of_work import watch_commits

ACCESS_LIFETIME: Final = timedelta(minutes=15)
EXPIRED_ACCEPTED_FOR: Final = timedelta(days=30)
SEARCHED_FOR: Final = timedelta(days=400)
ALGORITHM: Final = "HS256"
KEYS: Final = "TOKEN_KEYS"
ONLY_THE_SIGNATURE: Final[Any] = {"verify_exp": False, "verify_nbf": False, "verify_iat": False}
# Of 3 kB each. A phone shows one a few times, when its app starts, and 15 minutes later another.
KNOWN_TOKENS: Final = 1024
# A token that another of our servers has just written is not "from the future".
CLOCKS_DIFFER_BY_S: Final = 60
# A crisis route with a slip in its address: the 404 must not hide danger either.
NEAR_CRISIS_ROUTE: Final = re.compile(
    r"/v1/((check-ins|side-effects)(/[^/]+/amend)?|help-requests|sync)/*"
)
# What answers staff who have to add a second factor first, whatever a view itself asks.
WHILE_ENROLLING: Final = re.compile(
    r"/v1/(me(/(totp|passkeys|sessions|password|email)(/.*)?)?|auth/logout|alerts(/.*)?"
    r"|instruments(/.*)?|side-effects/codes)"
)
# What carries a body: a slip in the method is answered 405, and searched as well.
WITH_A_BODY: Final = frozenset({"POST", "PUT", "PATCH"})

View = TypeVar("View", bound=Callable[..., Any])


def public(view: View) -> View:
    """Mark a view that answers without a token."""
    view.is_public = True  # type: ignore[attr-defined] # a mark on a function
    return view


def crisis_route(view: View) -> View:
    """Mark a view on which a refusal is searched for danger and an expired token still pages."""
    view.is_crisis_route = True  # type: ignore[attr-defined] # a mark on a function
    return view


def is_marked(mark: str) -> bool:
    """Does the view of this request carry the mark?"""
    view = current_app.view_functions.get(request.endpoint or "")
    return bool(getattr(view, mark, False))


def on_crisis_route() -> bool:
    """Is this a crisis route, or meant to be one?"""
    if request.endpoint is None:
        return (
            request.method in WITH_A_BODY and NEAR_CRISIS_ROUTE.fullmatch(request.path) is not None
        )
    return is_marked("is_crisis_route")


def init_auth(app: Flask, secrets: Sequence[str]) -> None:
    """Pin the algorithm, and ask for a token before every view that is not public.

    The first secret signs, the others hold too; a token names its key by `kid`.
    """
    keys = [derive(secret, b"interlude access tokens").hex() for secret in secrets]
    app.config[KEYS] = {key_id_of(bytes.fromhex(key)): key for key in keys}
    app.config["JWT_SECRET_KEY"] = keys[0]
    app.config["JWT_ALGORITHM"] = ALGORITHM
    # A random claim of its own would give the same pair other bytes each time.
    app.config["JWT_COOKIE_CSRF_PROTECT"] = False
    JWTManager(app)
    app.before_request(authenticate)


def authenticate() -> None:
    """Put the actor of this request into `g`; raises `Unauthenticated` or `TokenExpired`."""
    g.now = utcnow()
    watch_commits()
    if request.method == "OPTIONS":
        return  # asks what is allowed: a browser sends no token with it
    is_nowhere = request.endpoint is None and not on_crisis_route()
    if is_nowhere or is_marked("is_public"):
        return
    g.actor = actor_of(read_token("access"), g.now)
    if g.actor.must_enrol and not WHILE_ENROLLING.fullmatch(request.path):
        raise EnrolFirst


def now() -> datetime:
    """The one clock read of this request."""
    moment: datetime = g.now
    return moment


def current_actor() -> Actor:
    """Who makes this request."""
    actor: Actor = g.actor
    return actor


@contextmanager
def well_formed() -> Iterator[None]:
    """Claims that are not what we write are no token, whoever signed them."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise Unauthenticated from error


def read_token(kind: str) -> Mapping[str, Any]:
    """The verified claims of the bearer token, expired or not; raises `Unauthenticated`."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated
    return claims_of(token, kind)


@well_formed()
def claims_of(token: str, kind: str) -> Mapping[str, Any]:
    """The verified claims of a token, expired or not; raises `Unauthenticated`."""
    claims = _verified(token.strip(), tuple(current_app.config[KEYS].items()))
    if claims.get("type") != kind:
        raise Unauthenticated
    return claims


@lru_cache(KNOWN_TOKENS)
def _verified(token: str, keys: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """What it says stays so; when it ends, is looked at in each request."""
    return MappingProxyType(_signed_claims(token, dict(keys), {"verify_exp": False}))


def _signed_claims(token: str, known: Mapping[str, str], options: Any) -> dict[str, Any]:
    """What a token of ours says, whose key is the one that it names; raises `Unauthenticated`."""
    try:
        for key_id, key in known.items():
            with suppress(jwt.InvalidSignatureError):
                found = jwt.decode_complete(
                    token, key, [ALGORITHM], options=options, leeway=CLOCKS_DIFFER_BY_S
                )
                # Tokens from before keys had ids name none.
                if found["header"].get("kid") in (None, key_id):
                    claims: dict[str, Any] = found["payload"]
                    return claims
    except (jwt.PyJWTError, ValueError) as error:
        raise Unauthenticated from error
    raise Unauthenticated


def unverified_patient(moment: datetime) -> Actor | None:
    """The patient whom a token of ours names that does not hold: too early, revoked, or expired for
    up to 400 days. It counts for the search for danger alone; None for any other token.
    """
    _, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        with well_formed():
            known = current_app.config[KEYS]
            claims = _signed_claims(token.strip(), known, ONLY_THE_SIGNATURE)
            expired_at = datetime.fromtimestamp(claims["exp"], UTC)
            patient = _actor(claims) if claims.get("patient_id") else None
    except Unauthenticated:
        return None
    return patient if expired_at + SEARCHED_FOR >= moment else None


@well_formed()
def actor_of(claims: Mapping[str, Any], moment: datetime) -> Actor:
    """The actor of an access token; an expired patient token passes on crisis routes only."""
    expired_at = datetime.fromtimestamp(claims["exp"], UTC)
    expired = expired_at <= moment
    if expired:
        patient_on_crisis_route = on_crisis_route() and claims.get("patient_id")
        if not patient_on_crisis_route or expired_at + EXPIRED_ACCEPTED_FOR < moment:
            raise TokenExpired
    return _actor(claims, token_expired=expired)


def _actor(claims: Mapping[str, Any], *, token_expired: bool = False) -> Actor:
    return Actor(
        user_id=UUID(claims["sub"]),
        clinic_id=UUID(claims["clinic_id"]),
        roles=frozenset(claims["roles"]),
        epoch=int(claims["epoch"]),
        family_id=UUID(claims["family_id"]),
        pair_id=UUID(claims["pair_id"]),
        patient_id=UUID(claims["patient_id"]) if claims.get("patient_id") else None,
        token_expired=token_expired,
        accepts=accepted_languages(),
        must_enrol=bool(claims.get("must_enrol")),
    )


def encode_pair(actor: Actor, issued_at: datetime, refresh_lifetime: timedelta) -> dict[str, Any]:
    """Access and refresh token of one pair; the same pair always encodes to the same bytes."""
    claims = {
        "clinic_id": str(actor.clinic_id),
        "roles": sorted(actor.roles),
        "epoch": actor.epoch,
        "family_id": str(actor.family_id),
        "pair_id": str(actor.pair_id),
        "patient_id": str(actor.patient_id) if actor.patient_id else None,
        "iat": int(issued_at.timestamp()),
        "nbf": int(issued_at.timestamp()),
        "jti": str(actor.pair_id),
        **({"must_enrol": True} if actor.must_enrol else {}),
    }

    def until(lifetime: timedelta) -> dict[str, Any]:
        return claims | {"exp": int((issued_at + lifetime).timestamp())}

    owner, kid = str(actor.user_id), {"kid": next(iter(current_app.config[KEYS]))}
    return {
        "access_token": create_access_token(
            owner, additional_claims=until(ACCESS_LIFETIME), additional_headers=kid
        ),
        "refresh_token": create_refresh_token(
            owner, additional_claims=until(refresh_lifetime), additional_headers=kid
        ),
        "expires_in": int(ACCESS_LIFETIME.total_seconds()),
    }


def pair_of(grant: Grant) -> dict[str, Any]:
    """The two tokens; the same grant gives the same bytes."""
    return encode_pair(grant.actor, grant.issued_at, grant.lifetime)


def login_of(grant: Grant) -> dict[str, Any]:
    """The answer to a log-in: the tokens and whose they are."""
    return {**pair_of(grant), "user": me_of(grant.profile)}


def me_of(profile: Profile) -> dict[str, Any]:
    """An account as its owner sees it."""
    shown = {
        "id": profile.id,
        "email": profile.email,
        "name": profile.name,
        "roles": profile.roles,
        "clinic_id": profile.clinic_id,
        "timezone": profile.timezone,
        "language": profile.language,
        "quiet_hours": profile.quiet_hours,
    }
    if profile.patient_id is None:
        return {**shown, "must_enrol": profile.must_enrol}
    return {**shown, "patient_id": profile.patient_id}


def presented_refresh_token() -> Presented:
    """The refresh token in the Authorization header; raises `Unauthenticated`.

    How long it lives is the family's business: its last use counts, not this token's date.
    """
    return _presented(read_token("refresh"))


def device_of(token: str) -> Presented | None:
    """What a refresh token in a body claims; None for what is no token of ours."""
    try:
        return _presented(claims_of(token, "refresh"))
    except Unauthenticated:
        return None


@well_formed()
def _presented(claims: Mapping[str, Any]) -> Presented:
    clinic, user, family, pair = (
        UUID(claims[name]) for name in ("clinic_id", "sub", "family_id", "pair_id")
    )
    issued_at = datetime.fromtimestamp(claims["iat"], UTC)
    return Presented(clinic, user, family, pair, issued_at)
