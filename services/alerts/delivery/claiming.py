"""Take a due notification out of the outbox: a lease, never a removal.

Whoever dies while sending loses the lease, and somebody else sends again with the same idempotency
key. Two workers never hold the same one (`FOR UPDATE SKIP LOCKED`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, insert, or_, select, update

from models import Notification, NotificationAttempt
from models.base import new_id
from models.notification import UNFINISHED
from services.unit_of_work import transaction


@dataclass(frozen=True, slots=True)
class Claimed:
    """One notification under our lease; a page has an alert, a morning mail has none."""

    clinic_id: UUID
    notification_id: UUID
    lease_token: UUID
    channel: str
    alert_id: UUID | None
    contact_id: UUID | None
    user_id: UUID | None
    severity: str
    attempts: int


# Written into the statement: as parameters they would hide the partial index from a prepared plan.
_UNFINISHED: BindParameter[Any] = bindparam(
    "unfinished", UNFINISHED, expanding=True, literal_execute=True
)


def is_due(channel: str, now: datetime) -> ColumnElement[bool]:
    """Waiting, to be tried again, or under a lease that has run out (`due_at` is its end)."""
    return and_(
        Notification.channel == channel,
        Notification.state.in_(_UNFINISHED),
        Notification.due_at <= now,
    )


def anything_due(channels: Iterable[str], now: datetime) -> bool:
    """Is there a notification that a sender of these channels could take?"""
    with transaction() as session:
        due = or_(*(is_due(channel, now) for channel in channels))
        return session.scalar(select(Notification.id).where(due).limit(1)) is not None


def claim_due(channel: str, now: datetime, lease: timedelta) -> Claimed | None:
    """Lease the most urgent due notification of this channel; None when none is due.

    Critical goes first; among equals first tries go before retries, so that one address that hangs
    cannot hold up the others.
    """
    with transaction() as session:
        due = (
            select(Notification.clinic_id, Notification.id, Notification.state)
            .where(is_due(channel, now))
            .order_by(
                Notification.severity != "critical", Notification.attempts > 0, Notification.due_at
            )
            .limit(1)
            .with_for_update(skip_locked=True)
            .cte("due")
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
            # Its holder died: nobody knows whether that try got through.
            session.execute(insert(NotificationAttempt).values(**_lost_try(claimed, now)))
        return claimed


def _lost_try(claimed: Claimed, now: datetime) -> dict[str, object]:
    return {
        "clinic_id": claimed.clinic_id,
        "id": new_id(),
        "notification_id": claimed.notification_id,
        "at": now,
        "outcome": "lease_expired",
    }
