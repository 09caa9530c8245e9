"""Methods of one's own: added, proved, tried, taken away."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import datetime
from hmac import compare_digest
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import ContactMethod, User
from models.base import new_id
from models.sealing import sealed
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.contact_methods.codes import (
    MOST_TRIES,
    Whose,
    method_code_digest,
    send_code,
    send_test,
)
from services.contact_methods.kinds import read_address
from services.contact_methods.listing import listed_one
from services.exceptions import Invalid, MethodCodeInvalid, NotFound

MOST: Final = 10
SECRET_BYTES: Final = 32


def add_method(
    actor: Actor,
    kind: str,
    address: str,
    served: Collection[str],
    now: datetime,
    push_services: Collection[str] = (),
) -> dict[str, Any]:
    """One more method, last in order, and a code to it; nobody is paged there before it came back.

    `served`: the kinds that this installation can send by. Only a webhook has a `signing_secret`,
    shown this once. Raises `Invalid` and `RateLimited`.
    """
    scopes(actor, Action.OWN_METHODS)
    if kind not in served:
        raise Invalid({"kind": ["Not set up at this installation."]})
    typed = read_address(kind, address, push_services)
    method_id = new_id()
    secret = secrets.token_urlsafe(SECRET_BYTES) if kind == "webhook" else None
    with acting(actor, now) as session:
        _check_room(session, actor)
        row = {
            "clinic_id": actor.clinic_id,
            "id": method_id,
            "user_id": actor.user_id,
            "kind": kind,
            "address": typed.address,
            "shown": typed.shown,
            "signing_secret": secret,
            "created_at": now,
        }
        session.execute(insert(ContactMethod).values(sealed(ContactMethod, row)))
        send_code(session, Whose(actor.clinic_id, actor.user_id, method_id, kind), now)
        audit.record(
            session, actor.user_id, "contact_method_added", now, object_id=method_id, channel=kind
        )
        return listed_one(session, actor.user_id, method_id) | (
            {} if secret is None else {"signing_secret": secret}
        )


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
        method = _own(session, actor, method_id)
        method.active, method.address, method.shown = False, "", ""
        method.signing_secret = method.code_digest = method.code_expires_at = None
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "contact_method_removed", now, object_id=method_id)


def _own(session: Session, actor: Actor, method_id: UUID) -> ContactMethod:
    found = session.scalars(
        select(ContactMethod)
        .where(
            ContactMethod.id == method_id,
            ContactMethod.user_id == actor.user_id,
            ContactMethod.active,
        )
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


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


def _check_room(session: Session, actor: Actor) -> None:
    # The account's row is the lock of its methods.
    session.execute(select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True))
    count = session.scalar(
        select(func.count()).where(ContactMethod.user_id == actor.user_id, ContactMethod.active)
    )
    if (count or 0) >= MOST:
        raise Invalid({"kind": [f"At most {MOST}: remove one first."]})
