"""Methods of one's own: added, proved, tried, taken away."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import ContactMethod
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.contact_methods.changing import lock_account, lock_method, put_in, take_away
from services.contact_methods.codes import (
    MOST_TRIES,
    Whose,
    method_code_digest,
    send_code,
    send_test,
)
from services.contact_methods.kinds import TypedAddress, read_address
from services.contact_methods.listing import listed_one
from services.exceptions import ContentConflict, Invalid, MethodCodeInvalid

SECRET_BYTES: Final = 32


def add_method(
    actor: Actor,
    kind: str,
    address: str,
    served: Collection[str],
    now: datetime,
    push_services: Collection[str] = (),
    method_id: UUID | None = None,
) -> dict[str, Any]:
    """One more method, last in order, and a code to it; nobody is paged there before it came back.

    `served`: the kinds that this installation can send by. Only a webhook has a `signing_secret`,
    shown this once. `method_id`: an id of a form's, which adds it once. Raises `Invalid`,
    `RateLimited`, and `ContentConflict` for an id of another method.
    """
    scopes(actor, Action.OWN_METHODS)
    if kind == "apprise":
        raise Invalid({"kind": ["An administrator adds it."]})
    if kind not in served:
        raise Invalid({"kind": ["Not set up at this installation."]})
    typed = read_address(kind, address, push_services)
    secret = secrets.token_urlsafe(SECRET_BYTES) if kind == "webhook" else None
    with acting(actor, now) as session:
        known = method_id and _added_before(session, actor, method_id, kind, typed)
        if known:
            audit.record(session, actor.user_id, audit.AGAIN, now, object_id=known.id)
            made = listed_one(session, actor.user_id, known.id)
            secret = known.signing_secret if known.verified_at is None else None
        else:
            made = put_in(session, actor, actor.user_id, kind, typed, now, secret, method_id)
    return made if secret is None else made | {"signing_secret": secret}


def _added_before(
    session: Session, actor: Actor, method_id: UUID, kind: str, typed: TypedAddress
) -> ContactMethod | None:
    """The method that this form has added. Raises `ContentConflict` when that is another one."""
    lock_account(session, actor.user_id)
    known = session.get(ContactMethod, (actor.clinic_id, method_id))
    if known is None:
        return None
    if (known.user_id, known.kind, known.address) != (actor.user_id, kind, typed.address):
        raise ContentConflict
    return known


def new_code(actor: Actor, method_id: UUID, now: datetime) -> None:
    """Another code for a method that is not proved yet. Raises `NotFound`, `Invalid`,
    `RateLimited`.
    """
    scopes(actor, Action.OWN_METHODS)
    with acting(actor, now) as session:
        method = _own(session, actor, method_id)
        if method.verified_at is not None:
            raise Invalid({"method_id": ["It is verified."]})
        send_code(session, _whose(method), now)


def verify(actor: Actor, method_id: UUID, code: str, now: datetime) -> dict[str, Any]:
    """The code came back: pages go there from now on. It works once, in time, and for five tries.

    Raises `NotFound`, and `MethodCodeInvalid` alike for wrong, spent and expired codes.
    """
    scopes(actor, Action.OWN_METHODS)
    digest = method_code_digest(code)
    with acting(actor, now) as session:
        method = _own(session, actor, method_id)
        right = _is_right(method, digest, now)
        if right:
            method.verified_at = method.confirmed_at = now
            method.code_digest = method.code_expires_at = None
            method.failing_since = method.failing_reason = None
            session.flush()  # the head of the audit chain is locked last
            audit.record(
                session, actor.user_id, "contact_method_verified", now, object_id=method_id
            )
        else:
            method.code_tries = min(method.code_tries + 1, MOST_TRIES)
            session.flush()
        shown = listed_one(session, actor.user_id, method_id)
    # After the commit: a wrong try counts.
    if not right:
        raise MethodCodeInvalid
    return shown


def try_method(actor: Actor, method_id: UUID, now: datetime) -> dict[str, Any]:
    """Send a marked page about nobody by a proved method; `last_message` shows what came of it.

    Raises `NotFound`, `Invalid`, `RateLimited`.
    """
    scopes(actor, Action.OWN_METHODS)
    with acting(actor, now) as session:
        method = _own(session, actor, method_id)
        if method.verified_at is None:
            raise Invalid({"method_id": ["Verify it first."]})
        return {"notification_id": send_test(session, _whose(method), now)}


def remove_method(actor: Actor, method_id: UUID, now: datetime) -> None:
    """Take it away, its address with it; pages on their way go on by the next one."""
    scopes(actor, Action.OWN_METHODS)
    with acting(actor, now) as session:
        take_away(session, actor, _own(session, actor, method_id), now)


def _own(session: Session, actor: Actor, method_id: UUID) -> ContactMethod:
    return lock_method(session, actor.user_id, method_id)


def _whose(method: ContactMethod) -> Whose:
    return Whose(method.clinic_id, method.user_id, method.id, method.kind)


def _is_right(method: ContactMethod, digest: bytes, now: datetime) -> bool:
    return (
        method.code_digest is not None
        and method.code_expires_at is not None
        and method.code_expires_at > now
        and method.code_tries < MOST_TRIES
        and compare_digest(method.code_digest, digest)
    )
