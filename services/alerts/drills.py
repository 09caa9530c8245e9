"""Drills: a marked alert about nobody goes down the real chain, and its times are measured."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from statistics import median
from typing import Any, Final
from uuid import UUID

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models import Alert, AlertEvent, Clinic, Drill, Notification, NotificationAttempt
from models.base import new_id
from models.on_call.drill import DRILL
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain, recipient_name, target_names
from services.alerts.outbox import EMPTY
from services.alerts.writing import AlertKey, consequences, notify_statement
from services.channels.base import Receipt
from services.exceptions import DrillRunning
from services.paging import Page, page_of_rows, page_query
from services.rules.escalation import lifecycle
from services.unit_of_work import execute_writes

VERSION: Final = "1"
# As many of the newest drills make the clinic's figures.
MEASURED: Final = 100


def start_drill(actor: Actor, severity: str, now: datetime) -> dict[str, Any]:
    """Open the alert of a drill and queue its first page, by the chain of this severity.

    Raises `Forbidden`, and `DrillRunning` while the clinic's last one has not ended.
    """
    scopes(actor, Action.CHANGE_CLINIC)
    key, drill_id = AlertKey(actor.clinic_id, new_id()), new_id()
    with acting(actor, now) as session:
        # The clinic's row is the lock of its drills.
        session.execute(
            select(Clinic.id).where(Clinic.id == actor.clinic_id).with_for_update(key_share=True)
        )
        running = select(Alert.id).where(Alert.family == DRILL, Alert.status != "resolved")
        if session.scalar(running.limit(1)) is not None:
            raise DrillRunning
        chain = load_chain(session, actor.clinic_id, now)
        change = lifecycle.opened(severity, chain.circumstances(now))
        alert = insert(Alert).values(
            clinic_id=key.clinic_id,
            id=key.alert_id,
            family=DRILL,
            rule=DRILL,
            rule_version=VERSION,
            triggered_at=now,
            newest_occurrence_at=now,
            **change.state.columns(),
        )
        drill = insert(Drill).values(
            clinic_id=key.clinic_id,
            id=drill_id,
            alert_id=key.alert_id,
            severity=severity,
            started_by=actor.user_id,
            started_at=now,
        )
        execute_writes(session, [alert, drill, *consequences(key, change, chain, now, EMPTY)])
        session.execute(notify_statement())
        audit.record(
            session, actor.user_id, "drill_started", now, object_id=drill_id, severity=severity
        )
        return _shown(session, session.scalars(select(Drill).where(Drill.id == drill_id)).all())[0]


def list_drills(actor: Actor, now: datetime, limit: int, cursor: str | None) -> Page:
    """The clinic's drills, newest first, and its figures: of the newest hundred. `Forbidden`."""
    scopes(actor, Action.READ_CLINIC)
    query = page_query(select(Drill), Drill.started_at, Drill.id, limit, cursor)
    newest = select(Drill).order_by(Drill.started_at.desc(), Drill.id.desc()).limit(MEASURED)
    with acting(actor, now) as session:
        rows = session.scalars(query).all()
        page = page_of_rows(rows, limit, lambda row: (row.started_at, row.id))
        shown = {each["id"]: each for each in _shown(session, page.rows)}
        measured = _shown(session, session.scalars(newest).all())
        answer = page.rendered(lambda row: shown[row.id])
    figures = {
        "drills": len(measured),
        "to_page_s": _figure([each["to_page_s"] for each in measured]),
        "to_acknowledge_s": _figure([each["to_acknowledge_s"] for each in measured]),
    }
    return answer | {"figures": figures}


def _figure(seconds: Sequence[float | None]) -> dict[str, Any]:
    """`answered`: how many of them came so far."""
    known = [each for each in seconds if each is not None]
    return {
        "answered": len(known),
        "median": median(known) if known else None,
        "max": max(known, default=None),
    }


def _shown(session: Session, drills: Sequence[Drill]) -> list[dict[str, Any]]:
    if not drills:
        return []
    alert_ids = [each.alert_id for each in drills]
    names = target_names(session, drills[0].clinic_id)
    ended = {
        row.id: row.resolved_at
        for row in session.execute(
            select(Alert.id, Alert.resolved_at).where(Alert.id.in_(alert_ids))
        )
    }
    pages, acknowledged = _pages(session, alert_ids, names), _acknowledged(session, alert_ids)
    return [
        _one(drill, pages[drill.alert_id], acknowledged.get(drill.alert_id), names)
        | {"ended_at": ended[drill.alert_id]}
        for drill in drills
    ]


def _one(
    drill: Drill, pages: list[dict[str, Any]], acknowledged: Any, names: dict[UUID, str]
) -> dict[str, Any]:
    def after(at: datetime | None) -> float | None:
        return None if at is None else (at - drill.started_at).total_seconds()

    sent = [each["sent_at"] for each in pages if each["sent_at"] is not None]
    at = None if acknowledged is None else acknowledged.at
    steps = [each["step"] for each in pages if at is not None and each["queued_at"] <= at]
    return {
        "id": drill.id,
        "alert_id": drill.alert_id,
        "severity": drill.severity,
        "started_at": drill.started_at,
        "started_by": drill.started_by,
        "pages": pages,
        "acknowledged_at": at,
        "acknowledged_by": acknowledged and names.get(acknowledged.actor_id),
        "acknowledged_step": max(steps, default=None),
        "to_page_s": after(min(sent, default=None)),
        "to_acknowledge_s": after(at),
    }


def _pages(
    session: Session, alert_ids: Collection[UUID], names: dict[UUID, str]
) -> dict[UUID | None, list[dict[str, Any]]]:
    """The pages of each alert in their order, with when the receiver said that it had them."""
    delivered_at = (
        select(func.min(NotificationAttempt.at))
        .where(
            NotificationAttempt.notification_id == Notification.id,
            NotificationAttempt.outcome == Receipt.DELIVERED.value,
        )
        .scalar_subquery()
    )
    rows = session.execute(
        select(Notification, delivered_at)
        .where(Notification.alert_id.in_(alert_ids), Notification.kind == "page")
        .order_by(Notification.created_at, Notification.id)
    )
    found: dict[UUID | None, list[dict[str, Any]]] = defaultdict(list)
    for page, at in rows:
        found[page.alert_id].append(
            {
                "step": page.page_step,
                "channel": page.channel,
                "contact": recipient_name(page, DRILL, names),
                "state": page.state,
                "queued_at": page.created_at,
                "sent_at": page.sent_at,
                "delivered_at": at,
            }
        )
    return found


def _acknowledged(session: Session, alert_ids: Collection[UUID]) -> dict[UUID, Any]:
    """Who acknowledged each alert first, and when."""
    rows = session.execute(
        select(AlertEvent.alert_id, AlertEvent.at, AlertEvent.actor_id)
        .where(AlertEvent.alert_id.in_(alert_ids), AlertEvent.kind == "acknowledged")
        .order_by(AlertEvent.at.desc(), AlertEvent.id.desc())
    )
    return {row.alert_id: row for row in rows}
