"""What adding and taking away a method is, whoever does it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import ContactMethod, User
from models.base import new_id
from models.sealing import sealed
from services import audit
from services.access import Actor
from services.contact_methods.codes import Whose, send_code
from services.contact_methods.kinds import TypedAddress
from services.contact_methods.listing import listed_one
from services.exceptions import Invalid, NotFound

MOST: Final = 10


def put_in(
    session: Session,
    actor: Actor,
    user_id: UUID,
    kind: str,
    typed: TypedAddress,
    now: datetime,
    signing_secret: str | None = None,
    method_id: UUID | None = None,
) -> dict[str, Any]:
    """One more method of a member of staff, last in order, and a code to it; with an id of a form's
    once.

    Raises `NotFound` for who is none, `Invalid` for one too many, `RateLimited`.
    """
    _check_room(session, user_id)
    method_id = method_id or new_id()
    row = {
        "clinic_id": actor.clinic_id,
        "id": method_id,
        "user_id": user_id,
        "kind": kind,
        "address": typed.address,
        "shown": typed.shown,
        "signing_secret": signing_secret,
        "created_at": now,
    }
    session.execute(insert(ContactMethod).values(sealed(ContactMethod, row)))
    send_code(session, Whose(actor.clinic_id, user_id, method_id, kind), now)
    _record(session, actor, "contact_method_added", user_id, method_id, now, channel=kind)
    return listed_one(session, user_id, method_id)


def take_away(session: Session, actor: Actor, method: ContactMethod, now: datetime) -> None:
    """Nobody is paged by it any more, and its address is gone."""
    method.active, method.address, method.shown = False, "", ""
    method.signing_secret = method.code_digest = method.code_expires_at = None
    session.flush()  # the head of the audit chain is locked last
    _record(session, actor, "contact_method_removed", method.user_id, method.id, now)


def lock_method(session: Session, user_id: UUID, method_id: UUID) -> ContactMethod:
    """A person's method, to be changed. Raises `NotFound`."""
    found = session.scalars(
        select(ContactMethod)
        .where(
            ContactMethod.id == method_id, ContactMethod.user_id == user_id, ContactMethod.active
        )
        .with_for_update()
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def lock_account(session: Session, user_id: UUID) -> None:
    """A member of staff's row, which is the lock of their methods. Raises `NotFound`."""
    account = select(User.id).where(User.id == user_id, ~User.roles.contains(["patient"]))
    if session.scalar(account.with_for_update(key_share=True)) is None:
        raise NotFound


def _check_room(session: Session, user_id: UUID) -> None:
    lock_account(session, user_id)
    count = session.scalar(
        select(func.count()).where(ContactMethod.user_id == user_id, ContactMethod.active)
    )
    if (count or 0) >= MOST:
        raise Invalid({"kind": [f"At most {MOST}: remove one first."]})


def _record(
    session: Session,
    actor: Actor,
    action: str,
    user_id: UUID,
    method_id: UUID,
    now: datetime,
    **detail: Any,
) -> None:
    about = () if user_id == actor.user_id else (user_id,)
    audit.record(session, actor.user_id, action, now, object_id=method_id, about=about, **detail)
