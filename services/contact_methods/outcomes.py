"""What a delivery says of the method that it went by, or of the contact of the chain."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import ContactMethod, Notification, NotificationAttempt, User
from models.sealing import sealed
from services.accounts.letters import letter_row
from services.channels.base import Receipt
from services.contact_methods.codes import content_text

NEWS_FOR: Final = timedelta(days=3)
# Reasons for which nothing was tried: they say nothing of the address.
NOT_TRIED: Final = ("nobody_has_it", "alert_resolved", "recipient_left", "code_expired")


def it_works(
    session: Session, clinic_id: UUID, method_id: UUID, receipt: Receipt, now: datetime
) -> None:
    """Something got out by it: whatever was wrong is mended. Only the receiver's own answer
    confirms that it arrived.
    """
    values: dict[str, object] = {"failing_since": None, "failing_reason": None}
    if receipt is Receipt.DELIVERED:
        values["confirmed_at"] = now
    session.execute(
        update(ContactMethod)
        .where(ContactMethod.clinic_id == clinic_id, ContactMethod.id == method_id)
        .values(**values)
    )


def it_fails(
    session: Session, clinic_id: UUID, method_id: UUID, reason: str, now: datetime
) -> None:
    """The address refuses for good. It is marked, once, and every administrator is told by mail; a
    later success clears the mark. A browser that is gone never comes back: it is taken away.
    """
    marked = session.execute(
        update(ContactMethod)
        .where(
            ContactMethod.clinic_id == clinic_id,
            ContactMethod.id == method_id,
            ContactMethod.active,
            ContactMethod.verified_at.is_not(None),
            ContactMethod.failing_since.is_(None),
        )
        .values(failing_since=now, failing_reason=reason, active=ContactMethod.kind != "webpush")
        .returning(ContactMethod.user_id, ContactMethod.kind, ContactMethod.shown)
    ).one_or_none()
    if marked is None:
        return
    people = session.execute(
        select(User.id, User.name, User.roles).where(User.clinic_id == clinic_id, User.active)
    ).all()
    name = next((one.name for one in people if one.id == marked.user_id), "Somebody")
    content = {
        "topic": "fails",
        "name": name,
        "shown": marked.shown,
        "kind": marked.kind,
        "reason": reason,
    }
    admins = [one.id for one in people if "admin" in one.roles]
    text = content_text(content)
    rows = [letter_row(clinic_id, admin, text, now, now + NEWS_FOR) for admin in admins]
    session.execute(insert(Notification), [sealed(Notification, row) for row in rows])


def last_messages(session: Session, contact_ids: Collection[UUID]) -> dict[UUID, dict[str, Any]]:
    """By contact of a chain: the newest page or test page, its state, and why it failed, if it did;
    what was never tried is left out.
    """
    note, tries = Notification, NotificationAttempt
    of_note = (tries.clinic_id == note.clinic_id, tries.notification_id == note.id)
    reason = (
        select(tries.outcome)
        .where(*of_note)
        .order_by(tries.at.desc(), tries.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    newest = session.execute(
        select(note.contact_id, note.state, note.created_at, reason.label("reason"))
        .ext(distinct_on(note.contact_id))
        .where(
            note.contact_id.in_(contact_ids),
            ~select(tries.id).where(*of_note, tries.outcome.in_(NOT_TRIED)).exists(),
        )
        .order_by(note.contact_id, note.created_at.desc(), note.id.desc())
    )
    return {
        row.contact_id: {
            "state": row.state,
            "at": row.created_at,
            "reason": row.reason if row.state.startswith("failed") else None,
        }
        for row in newest
    }
