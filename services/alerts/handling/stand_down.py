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
from services.contact_methods.addresses import ACCOUNT, addresses_of_each
from services.unit_of_work import Write

EMAIL: Final = "email"
PAGERS: Final = ("webhook", "apprise")


def stand_down_writes(
    session: Session, alert: Alert, by_user_id: UUID, now: datetime
) -> list[Write]:
    """A message to each mail contact and person who was paged about the alert since they were last
    told so, but not to whoever acts, and to each address once. Never to a pager: its own receipt
    would take it for a page.
    """
    reached = {session.scalars(select(User.email).where(User.id == by_user_id)).one().casefold()}
    writes: list[Write] = []
    paged = list(_paged(session, alert, now))
    people = [row.user_id for row in paged if row.user_id is not None]
    ways = addresses_of_each(session, alert.clinic_id, people)
    for row in paged:
        address = _address(session, row)
        if by_user_id in (row.owner_id, row.user_id) or address in reached:
            continue
        reached |= set() if address is None else {address}
        best = (way for way in ways.get(row.user_id, ()) if way.channel not in PAGERS)
        way = next(best, ACCOUNT)
        stand_down = insert(Notification).values(
            clinic_id=alert.clinic_id,
            id=new_id(),
            kind="stand_down",
            alert_id=alert.id,
            page_round=alert.page_round,
            page_step=-1 - row.earlier,
            contact_id=row.contact_id,
            user_id=row.user_id,
            method_id=way.method_id,
            channel=way.channel,
            severity="low",
            created_at=now,
            due_at=now,
        )
        writes.append(stand_down)
    return writes


def _paged(session: Session, alert: Alert, now: datetime) -> Iterator[Any]:
    """The mail contacts (`owner_id`: whose they are) and people (`user_id`) with a page that is
    newer than their last stand-down, and how many of those they had. What is being sent at this
    moment counts as out.
    """
    note = Notification
    out = and_(note.kind == "page", or_(note.sent_at.is_not(None), note.state == "sending"))
    paged_at = func.max(case((out, func.coalesce(note.sent_at, now))))
    stood_down_at = func.max(case((note.kind == "stand_down", note.created_at)))
    rows = session.execute(
        select(
            note.contact_id,
            note.user_id,
            Contact.user_id.label("owner_id"),
            func.count().filter(note.kind == "stand_down").label("earlier"),
        )
        .select_from(note)
        .outerjoin(
            Contact, and_(Contact.clinic_id == note.clinic_id, Contact.id == note.contact_id)
        )
        .where(
            note.clinic_id == alert.clinic_id,
            note.alert_id == alert.id,
            or_(note.channel == EMAIL, note.user_id.is_not(None)),
        )
        .group_by(note.contact_id, note.user_id, Contact.user_id, Contact.position)
        .having(or_(paged_at > stood_down_at, and_(paged_at.is_not(None), stood_down_at.is_(None))))
        .order_by(Contact.position, note.user_id)
    )
    yield from rows


def _address(session: Session, paged: Any) -> str | None:
    """None when no key of this process opens it: then somebody may get a mail too many."""
    query = select(Contact.address).where(Contact.id == paged.contact_id)
    if paged.user_id is not None:
        query = select(User.email).where(User.id == paged.user_id)
    try:
        return session.scalars(query).one().casefold()
    except KeyringError:
        return None
