"""Tell whoever was paged that somebody else has taken the alert, or that it has ended: once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, case, func, insert, or_, select
from sqlalchemy.orm import Session

from models import Alert, Contact, Notification, User
from models.base import new_id
from models.encryption import KeyringError
from services.unit_of_work import Write

EMAIL: Final = "email"


def stand_down_writes(
    session: Session, alert: Alert, by_user_id: UUID, now: datetime
) -> list[Write]:
    """A mail to each mail contact that was paged about the alert since it was last told so, but not
    to whoever acts. Only mail: a pager's own receipt would take it for a page.
    """
    email = session.scalars(select(User.email).where(User.id == by_user_id)).one()
    return [
        insert(Notification).values(
            clinic_id=alert.clinic_id,
            id=new_id(),
            kind="stand_down",
            alert_id=alert.id,
            page_round=alert.page_round,
            page_step=-1 - row.earlier,
            contact_id=row.id,
            channel=EMAIL,
            severity="low",
            created_at=now,
            due_at=now,
        )
        for row in _paged(session, alert, now)
        if row.user_id != by_user_id and _address(session, row.id) != email.casefold()
    ]


def _paged(session: Session, alert: Alert, now: datetime) -> Iterator[Any]:
    """The mail contacts with a page that is newer than their last stand-down, and how many of those
    they had. What is being sent at this moment counts as out.
    """
    note = Notification
    out = and_(note.kind == "page", or_(note.sent_at.is_not(None), note.state == "sending"))
    paged_at = func.max(case((out, func.coalesce(note.sent_at, now))))
    stood_down_at = func.max(case((note.kind == "stand_down", note.created_at)))
    rows = session.execute(
        select(
            Contact.id,
            Contact.user_id,
            func.count().filter(note.kind == "stand_down").label("earlier"),
        )
        .join(note, and_(note.clinic_id == Contact.clinic_id, note.contact_id == Contact.id))
        .where(
            note.clinic_id == alert.clinic_id, note.alert_id == alert.id, Contact.channel == EMAIL
        )
        .group_by(Contact.clinic_id, Contact.id)
        .having(or_(paged_at > stood_down_at, and_(paged_at.is_not(None), stood_down_at.is_(None))))
        .order_by(Contact.position)
    )
    yield from rows


def _address(session: Session, contact_id: UUID) -> str | None:
    """None when no key of this process opens it: then whoever acts may get a mail too many."""
    try:
        query = select(Contact.address).where(Contact.id == contact_id)
        return session.scalars(query).one().casefold()
    except KeyringError:
        return None
