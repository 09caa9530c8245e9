"""Who is logged in with a browser: a signed cookie that names a refresh family, and nothing more.

The family and the account are compared at every use (`services.accounts.tokens.token_check`), so
log-out, deactivation and role changes hold from the next request. Signed with a key of its own: no
bearer token works here, and this cookie works nowhere but on the alert page and in the console.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from flask import Response, current_app, g, request
from itsdangerous import BadSignature, URLSafeSerializer

from api.settings import Settings
from models.encryption import derive
from services.access import Actor
from services.accounts.tokens.families import Grant
from services.exceptions import Unauthenticated

COOKIE: Final = "interlude_page"
# Below the path of the public URL. A browser sends the cookies to these and to nothing else.
ALERT_PAGE: Final = "/a"
CONSOLE: Final = "/console"
PATHS: Final = (ALERT_PAGE, CONSOLE)


@dataclass(frozen=True, slots=True)
class PageSession:
    """Who reads, and the zone of their clock."""

    actor: Actor
    timezone: str


def settings() -> Settings:
    """What this process runs with."""
    found: Settings = current_app.config["INTERLUDE"]
    return found


def page_keys(purpose: bytes) -> list[bytes]:
    """The keys for one purpose of the page: the last one signs, the others hold too."""
    info = b"interlude alert page " + purpose
    return [derive(secret, info) for secret in reversed(settings().secrets)]


def read_session() -> PageSession | None:
    """The session that the cookie names; None without one, or for one that we did not sign."""
    try:
        stored: dict[str, Any] = _signer().loads(request.cookies.get(COOKIE, ""))
    except BadSignature:
        return None
    actor = Actor(
        user_id=UUID(stored["user_id"]),
        clinic_id=UUID(stored["clinic_id"]),
        roles=frozenset(stored["roles"]),
        epoch=stored["epoch"],
        family_id=UUID(stored["family_id"]),
        pair_id=UUID(stored["pair_id"]),
        must_enrol=stored.get("must_enrol", False),
    )
    return PageSession(actor, stored["timezone"])


def begin_session(response: Response, grant: Grant) -> None:
    """Set the cookie of a log-in; it goes when the browser closes, or the family ends (12 h)."""
    _set_session(response, PageSession(grant.actor, grant.profile.timezone))


def end_enrolling(response: Response) -> None:
    """The reader has the second factor that was asked for: the same log-in opens everything."""
    session = reader()
    actor = replace(session.actor, must_enrol=False)
    _set_session(response, PageSession(actor, session.timezone))


def _set_session(response: Response, session: PageSession) -> None:
    actor = session.actor
    value = _signer().dumps(
        {
            "user_id": str(actor.user_id),
            "clinic_id": str(actor.clinic_id),
            "family_id": str(actor.family_id),
            "pair_id": str(actor.pair_id),
            "roles": sorted(actor.roles),
            "epoch": actor.epoch,
            "timezone": session.timezone,
            **({"must_enrol": True} if actor.must_enrol else {}),
        }
    )
    set_cookie(response, COOKIE, value)


def end_session(response: Response) -> None:
    """Forget the cookie."""
    for path in PATHS:
        response.delete_cookie(
            COOKIE, path=below(path), httponly=True, samesite="Lax", secure=is_https()
        )


def set_cookie(response: Response, name: str, value: str) -> None:
    """A cookie of the pages: no script reads it, no other site sends it, no other path gets it."""
    for path in PATHS:
        response.set_cookie(
            name, value, path=below(path), httponly=True, samesite="Lax", secure=is_https()
        )


def reader() -> PageSession:
    """Who is logged in on this page; raises `Unauthenticated`."""
    session: PageSession | None = g.page_session
    if session is None:
        raise Unauthenticated
    return session


def prefix() -> str:
    """The path that the service has at its public URL, which a proxy takes away; mostly empty."""
    return settings().public_path


def below(path: str) -> str:
    """A path of ours as browsers see it."""
    return f"{prefix()}{path}"


def is_https() -> bool:
    """Is the service reached over TLS?"""
    return urlsplit(settings().public_url).scheme == "https"


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(page_keys(b"session"))
