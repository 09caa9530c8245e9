"""Links to calendars: a secret address at which a calendar programme reads who is on call.

It holds the names of staff and of the schedule, and nothing else. Whoever has the address reads it,
until the link is revoked or its owner's account ends; only a digest of it is kept.
"""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from models import CalendarLink, OnCallSchedule, User
from models.base import new_id
from models.encryption import keyring
from services import audit
from services.access import Action, Actor, Scope, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import Invalid, NotFound
from services.on_call.shifts import shown_shift
from services.on_call.stored import get_live, load_schedules, names_of
from services.paging import Page, page_of_rows, page_query
from services.rules.rota.schedule import Shift, shifts
from services.unit_of_work import transaction

SHOWN_BACK: Final = timedelta(days=30)
SHOWN_AHEAD: Final = timedelta(days=180)
SECRET_BYTES: Final = 32


def make_link(
    actor: Actor, schedule_id: UUID, now: datetime, form_id: UUID | None = None
) -> dict[str, Any]:
    """A link of one's own; its `token` is shown this once. `form_id`: of a form, which shows the
    same link again when it is sent again. Raises `Forbidden`, `NotFound`, and `Invalid` for a form
    whose link was revoked.
    """
    scopes(actor, Action.READ_CLINIC)
    token = f"{actor.clinic_id.hex}{_secret(actor, schedule_id, form_id)}"
    with acting(actor, now) as session:
        get_live(session, schedule_id, lock=True)
        known = session.scalars(
            select(CalendarLink).where(CalendarLink.token_digest == _digest(token))
        ).one_or_none()
        if known is not None and known.revoked_at is not None:
            raise Invalid({"schedule_id": ["This address was revoked: load the page again."]})
        if known is not None:
            audit.record(session, actor.user_id, audit.AGAIN, now, object_id=known.id)
            return _shown(known) | {"token": token}
        link = CalendarLink(
            clinic_id=actor.clinic_id,
            id=new_id(),
            schedule_id=schedule_id,
            user_id=actor.user_id,
            token_digest=_digest(token),
            created_at=now,
        )
        session.add(link)
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "calendar_link_made", now, object_id=link.id)
        return _shown(link) | {"token": token}


def _secret(actor: Actor, schedule_id: UUID, form_id: UUID | None) -> str:
    """Random; of a form by its random id, which is kept nowhere, under a key of this service."""
    if form_id is None:
        return secrets.token_urlsafe(SECRET_BYTES)
    content = f"{actor.user_id} {schedule_id} {form_id}".encode()
    return urlsafe_b64encode(keyring.digest(content, "calendar link")).rstrip(b"=").decode()


def list_links(
    actor: Actor, schedule_id: UUID, now: datetime, limit: int, cursor: str | None
) -> Page:
    """The links to a schedule that hold, newest first: one's own; administrators see all."""
    scopes(actor, Action.READ_CLINIC)
    table = CalendarLink
    query = select(table).where(table.schedule_id == schedule_id, table.revoked_at.is_(None))
    if not _may_change_all(actor):
        query = query.where(table.user_id == actor.user_id)
    query = page_query(query, table.created_at, table.id, limit, cursor)
    with acting(actor, now) as session:
        get_live(session, schedule_id)
        rows = session.scalars(query).all()
        return page_of_rows(rows, limit, lambda row: (row.created_at, row.id)).rendered(_shown)


def revoke_link(actor: Actor, link_id: UUID, now: datetime) -> None:
    """The address answers no more. Raises `NotFound` for what is not one's own, and `Forbidden`."""
    scopes(actor, Action.READ_CLINIC)
    with acting(actor, now) as session:
        link = session.scalars(
            select(CalendarLink)
            .where(CalendarLink.id == link_id, CalendarLink.revoked_at.is_(None))
            .with_for_update()
        ).one_or_none()
        if link is None or not (link.user_id == actor.user_id or _may_change_all(actor)):
            raise NotFound
        link.revoked_at = now
        session.flush()  # the head of the audit chain is locked last
        audit.record(session, actor.user_id, "calendar_link_revoked", now, object_id=link_id)


def calendar_text(token: str, now: datetime) -> bytes:
    """The schedule as iCalendar (RFC 5545): 30 days back, 180 ahead. Raises `NotFound`."""
    try:
        clinic_id = UUID(token[:32])
    except ValueError as error:
        raise NotFound from error
    start, end = now - SHOWN_BACK, now + SHOWN_AHEAD
    with transaction(clinic_id) as session:
        found = session.execute(
            select(OnCallSchedule.id, OnCallSchedule.name)
            .join(CalendarLink, CalendarLink.schedule_id == OnCallSchedule.id)
            .join(User, User.id == CalendarLink.user_id)
            .where(
                CalendarLink.token_digest == _digest(token),
                CalendarLink.revoked_at.is_(None),
                OnCallSchedule.ended_at.is_(None),
                User.active,
            )
        ).one_or_none()
        if found is None:
            raise NotFound
        known = load_schedules(session, clinic_id, [found.id], start, end)[found.id]
        # One that began before the window is cut there, and would be another event each day.
        shown = [each for each in shifts(known, start, end) if each.from_at > start]
        names = names_of(session, (each.on_call.user_id for each in shown if each.on_call))
    return _text(found.id, found.name, shown, names, now)


def _text(
    schedule_id: UUID, name: str, shown: Sequence[Shift], names: dict[UUID, str], now: datetime
) -> bytes:
    from icalendar import Calendar, Event  # eighty modules, for whoever reads a link

    calendar = Calendar()
    calendar.add("version", "2.0")
    calendar.add("prodid", "-//Interlude//On call//EN")
    calendar.add("x-wr-calname", f"On call: {name}")
    for shift in shown:
        event = Event()
        event.add("uid", f"{schedule_id}-{shift.from_at:%Y%m%dT%H%M%SZ}@interlude")
        event.add("dtstamp", now)
        event.add("dtstart", shift.from_at)
        event.add("dtend", shift.to_at)
        event.add("summary", f"On call ({name}): {shown_shift(shift, names)['name']}")
        calendar.add_component(event)
    text: bytes = calendar.to_ical()
    return text


def _may_change_all(actor: Actor) -> bool:
    return Scope.CLINIC in scopes(actor, Action.WRITE_OVERRIDES)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _shown(link: CalendarLink) -> dict[str, Any]:
    return {
        "id": link.id,
        "schedule_id": link.schedule_id,
        "user_id": link.user_id,
        "created_at": link.created_at,
    }
