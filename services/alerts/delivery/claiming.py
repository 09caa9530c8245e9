"""Take a due notification out of the outbox: a lease, never a removal.

Whoever dies while sending loses the lease, and somebody else sends again with the same idempotency
key. Two workers never have the same one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Insert, and_, insert, or_, select, update
from sqlalchemy.orm import aliased

from models import Notification, NotificationAttempt
from models.base import new_id
from models.notification import UNFINISHED
from services.claims import first_free
from services.unit_of_work import transaction

PAGES: Final = ("page", "digest")
LETTERS: Final = ("letter",)


@dataclass(frozen=True, slots=True)
class Claimed:
    """One notification under our lease. A page has an alert, a morning mail and a letter have none;
    a letter has no severity.
    """

    clinic_id: UUID
    notification_id: UUID
    lease_token: UUID
    kind: str
    channel: str
    alert_id: UUID | None
    contact_id: UUID | None
    user_id: UUID | None
    severity: str | None
    attempts: int


def is_due(
    channel: str, kinds: tuple[str, ...], now: datetime, table: type[Notification] = Notification
) -> ColumnElement[bool]:
    """Waiting, to be tried again, or under a lease that has run out (`due_at` is its end)."""
    return and_(
        table.channel == channel,
        table.kind.in_(kinds),
        table.state.in_(UNFINISHED),
        table.due_at <= now,
    )


def any_page_due(channels: Iterable[str], now: datetime) -> bool:
    """Is there a page or a morning mail that a sender of these channels could take?"""
    with transaction() as session:
        due = or_(*(is_due(channel, PAGES, now) for channel in channels))
        return session.scalar(select(Notification.id).where(due).limit(1)) is not None


def claim_due(
    channel: str, now: datetime, lease: timedelta, kinds: tuple[str, ...] = PAGES
) -> Claimed | None:
    """Lease the most urgent due notification of this channel; None when none is due.

    Critical goes first; among equals first tries go before retries, so that one address that hangs
    cannot hold up the others. A letter waits while any page of its channel is due.
    """
    with transaction() as session:
        due = first_free(
            select(Notification.clinic_id, Notification.id, Notification.state)
            .where(is_due(channel, kinds, now), *_pages_first(channel, kinds, now))
            .order_by(
                Notification.severity != "critical", Notification.attempts > 0, Notification.due_at
            )
        )
        found = session.execute(
            update(Notification)
            .where(Notification.clinic_id == due.c.clinic_id, Notification.id == due.c.id)
            .values(
                state="sending",
                lease_until=now + lease,
                due_at=now + lease,
                lease_token=new_id(),
                attempts=Notification.attempts + 1,
            )
            .returning(
                due.c.state,
                Notification.clinic_id,
                Notification.id,
                Notification.lease_token,
                Notification.kind,
                Notification.channel,
                Notification.alert_id,
                Notification.contact_id,
                Notification.user_id,
                Notification.severity,
                Notification.attempts,
            )
        ).one_or_none()
        if found is None:
            return None
        state_before, *columns = found
        claimed = Claimed(*columns)
        if state_before == "sending":
            # The worker that had it died: nobody knows whether that attempt got through.
            session.execute(attempt_insert(claimed, "lease_expired", now))
        return claimed


def _pages_first(
    channel: str, kinds: tuple[str, ...], now: datetime
) -> tuple[ColumnElement[bool], ...]:
    if kinds == PAGES:
        return ()
    page = aliased(Notification)
    return (~select(page.id).where(is_due(channel, PAGES, now, page)).exists(),)


def attempt_insert(claimed: Claimed, outcome: str, now: datetime) -> Insert:
    """One attempt at delivery and what came of it."""
    return insert(NotificationAttempt).values(
        clinic_id=claimed.clinic_id,
        id=new_id(),
        notification_id=claimed.notification_id,
        at=now,
        outcome=outcome,
    )
