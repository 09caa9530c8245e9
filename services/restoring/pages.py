"""After a restore the pages of every open alert that nobody has go out again.

What became of a page after the instant that was restored to, nobody knows: that it was sent, that
somebody took the alert. So whoever the present round has paged is paged once more, by the same
notification under the same id, which is the receiver's key: a page that had arrived is known there
as the one that it is. The ladder then goes on by the alert's own due time, and whatever is decided
from here on is a page of its own.

A key is never worked out from what a page is about. After a restore the same round and step may
stand for something else, and a receiver that knew the key would drop a page that nobody has seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.orm import Session

from models import Alert, Notification, NotificationAttempt
from models.base import new_id
from models.on_call.drill import DRILL
from services.alerts.locking import lock_alert_of
from services.alerts.writing import AlertKey, notify_statement, timeline_writes
from services.rules.escalation.states import PAGING
from services.unit_of_work import Write, execute_writes, new_row, transaction

# An attempt, and on the timeline of the alert.
QUEUED_ANEW: Final = "page_queued_anew"
NOBODY_HAS_IT: Final = and_(Alert.status == "triggered", Alert.ladder_severity.in_(PAGING))
_LEASE_IS_OVER: Final = {"lease_until": None, "lease_token": None}


def queue_pages_anew(now: datetime) -> tuple[int, int]:
    """Queue them, as the worker's role: of how many alerts, and how many pages."""
    alerts = pages = 0
    for clinic_id, alert_id in _open_alerts():
        with transaction() as session:
            queued = _queue(session, clinic_id, alert_id, now)
        alerts, pages = alerts + (queued > 0), pages + queued
    return alerts, pages


def alerts_without_new_pages(
    session: Session, restored_at: datetime
) -> Iterator[tuple[UUID, UUID]]:
    """Clinic and id of the alerts that were open at the restore, that nobody has, and that have
    paged nobody since: also those that never did, but for drills, which are about nobody.
    """
    page = Notification
    pages = (page.clinic_id == Alert.clinic_id, page.alert_id == Alert.id, page.kind == "page")
    newest = select(func.max(page.created_at)).where(*pages).scalar_subquery()
    never = and_(newest.is_(None), Alert.family != DRILL)
    rows = session.execute(
        select(Alert.clinic_id, Alert.id)
        .where(NOBODY_HAS_IT, Alert.triggered_at < restored_at, or_(never, newest < restored_at))
        .order_by(Alert.triggered_at)
    )
    yield from ((row.clinic_id, row.id) for row in rows)


def _open_alerts() -> list[tuple[UUID, UUID]]:
    query = select(Alert.clinic_id, Alert.id).where(NOBODY_HAS_IT).order_by(Alert.triggered_at)
    with transaction() as session:
        return [(row.clinic_id, row.id) for row in session.execute(query)]


def _queue(session: Session, clinic_id: UUID, alert_id: UUID, now: datetime) -> int:
    alert = lock_alert_of(session, clinic_id, alert_id)
    if alert is None or alert.status != "triggered":
        return 0
    pages = _newest_pages(session, alert)
    if not pages:
        return 0
    key = AlertKey(clinic_id, alert_id)
    writes: list[Write] = []
    for page in pages:
        step = {"round": page.page_round, "step": page.page_step}
        about = {"notification_id": page.id}
        row = {"clinic_id": clinic_id, "id": new_id(), "at": now, "outcome": QUEUED_ANEW}
        writes.append(new_row(NotificationAttempt, row | about))
        writes += timeline_writes(
            key, (QUEUED_ANEW,), now, notification_id=str(page.id), channel=page.channel, **step
        )
    execute_writes(session, [*writes, _due_again(clinic_id, [page.id for page in pages], now)])
    session.execute(notify_statement())
    return len(pages)


def _newest_pages(session: Session, alert: Alert) -> list[Any]:
    """The newest page of the present round to each address, locked after the alert."""
    page = Notification
    rows = session.execute(
        select(
            *(page.id, page.channel, page.page_round, page.page_step),
            *(page.contact_id, page.user_id, page.method_id),
        )
        .where(
            page.clinic_id == alert.clinic_id,
            page.alert_id == alert.id,
            page.kind == "page",
            page.page_round == alert.page_round,
        )
        .order_by(page.id)
        .with_for_update()
    ).all()
    newest = {}
    for row in sorted(rows, key=lambda row: (row.page_step, row.id)):
        newest[row.contact_id, row.user_id, row.method_id] = row
    return list(newest.values())


def _due_again(clinic_id: UUID, page_ids: list[UUID], now: datetime) -> Write:
    """As it was when it was new; its age counts from now, so that nobody is late by the restore."""
    return (
        update(Notification)
        .where(Notification.clinic_id == clinic_id, Notification.id.in_(page_ids))
        .values(
            state="pending",
            attempts=0,
            created_at=now,
            due_at=now,
            sent_at=None,
            provider_id=None,
            **_LEASE_IS_OVER,
        )
    )
