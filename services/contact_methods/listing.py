"""What a person's methods show: in the order in which they are paged, and no address."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import ContactMethod, Notification, User
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.contact_methods.addresses import IN_ORDER
from services.exceptions import NotFound
from services.paging import Page


def list_own(actor: Actor, now: datetime) -> Page:
    """The actor's own methods, in the order in which they are paged."""
    scopes(actor, Action.OWN_METHODS)
    with acting(actor, now) as session:
        return listed(session, actor.user_id)


def list_of(actor: Actor, user_id: UUID, now: datetime) -> Page:
    """Those of a member of staff, for administrators; no address, no secret."""
    scopes(actor, Action.READ_METHODS)
    with acting(actor, now) as session:
        if session.scalar(select(User.id).where(User.id == user_id)) is None:
            raise NotFound
        audit.record(session, actor.user_id, "contact_methods_read", now, object_id=user_id)
        return listed(session, user_id)


def listed_one(session: Session, user_id: UUID, method_id: UUID) -> dict[str, Any]:
    """One of them."""
    found: list[dict[str, Any]] = listed(session, user_id)["items"]
    return next(one for one in found if one["id"] == method_id)


def listed(session: Session, user_id: UUID) -> Page:
    """All of a person."""
    note = Notification
    newest = (
        select(note.method_id, note.state, note.created_at)
        .ext(distinct_on(note.method_id))
        .where(note.user_id == user_id, note.method_id.is_not(None))
        .order_by(note.method_id, note.created_at.desc(), note.id.desc())
        .subquery()
    )
    rows = session.execute(
        select(ContactMethod, newest.c.state, newest.c.created_at)
        .outerjoin(newest, newest.c.method_id == ContactMethod.id)
        .where(ContactMethod.user_id == user_id, ContactMethod.active)
        .order_by(*IN_ORDER)
        .execution_options(populate_existing=True)
    )
    return {"items": [_shown(*row) for row in rows], "next_cursor": None}


def _shown(method: ContactMethod, state: str | None, at: datetime | None) -> dict[str, Any]:
    return {
        "id": method.id,
        "kind": method.kind,
        "address": method.shown,
        "created_at": method.created_at,
        "verified_at": method.verified_at,
        "confirmed_at": method.confirmed_at,
        "failing_since": method.failing_since,
        "failing_reason": method.failing_reason,
        "last_message": None if state is None else {"state": state, "at": at},
    }
