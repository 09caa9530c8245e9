"""What has happened to an alert since it was triggered, and whom it goes to next."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import (
    Alert,
    AlertEvent,
    AlertNote,
    AlertResolution,
    Notification,
    NotificationAttempt,
    StoredPlan,
    User,
)
from services.access import Actor
from services.alerts.chain import recipient_name
from services.alerts.permissions import Reach, about_alert


def show_timeline(
    session: Session, alert: Alert, actor: Actor, reach: Reach, names: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    """Every event, oldest first, with who did it; a note's text for those who may act, and for its
    author. `names`: of whoever it was handed over `to`.
    """
    notes = {
        str(note.id): note
        for note in session.scalars(select(AlertNote).where(AlertNote.alert_id == alert.id))
    }
    rows = session.execute(
        select(AlertEvent.at, AlertEvent.kind, AlertEvent.actor_id, AlertEvent.detail, User.name)
        .outerjoin(User, User.id == AlertEvent.actor_id)
        .where(AlertEvent.alert_id == alert.id)
        .order_by(AlertEvent.at, AlertEvent.id)
    )
    return [
        {
            "at": row.at,
            "kind": row.kind,
            "by": row.actor_id,
            "by_name": row.name,
            "detail": {key: row.detail[key] for key in row.detail if key != "note_id"},
            **({"to_name": names.get(UUID(row.detail["to"]))} if "to" in row.detail else {}),
            **_note(notes.get(row.detail.get("note_id", "")), actor, reach),
        }
        for row in rows
    ]


def _note(note: AlertNote | None, actor: Actor, reach: Reach) -> dict[str, Any]:
    if note is None:
        return {}
    shown = reach.acts or note.author_id == actor.user_id
    return {"outcome": note.outcome, "text": note.text if shown else None}


def show_notifications(
    session: Session, alert: Alert, names: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    """Every page, morning mail and stand-down about the alert, oldest first, with every attempt to
    deliver it (`queued_at`: from when it was due). Contacts by their neutral name, never by an
    address.
    """
    rows = session.execute(
        select(
            Notification.id,
            Notification.kind,
            Notification.channel,
            Notification.contact_id,
            Notification.user_id,
            Notification.page_step,
            Notification.state,
            Notification.created_at,
        )
        .where(about_alert(alert.id))
        .order_by(Notification.created_at, Notification.id)
    ).all()
    attempts: dict[UUID, list[dict[str, Any]]] = {row.id: [] for row in rows}
    tried = session.execute(
        select(
            NotificationAttempt.notification_id, NotificationAttempt.at, NotificationAttempt.outcome
        )
        .where(NotificationAttempt.notification_id.in_(attempts))
        .order_by(NotificationAttempt.at, NotificationAttempt.id)
    )
    for row in tried:
        attempts[row.notification_id].append({"at": row.at, "outcome": row.outcome})
    return [
        {
            "id": row.id,
            "kind": row.kind,
            "channel": row.channel,
            "contact": recipient_name(row, alert.rule, names),
            "state": row.state,
            "queued_at": row.created_at,
            "attempts": attempts[row.id],
        }
        for row in rows
    ]


def show_resolution(session: Session, alert: Alert, reach: Reach) -> dict[str, Any] | None:
    """How it ended, by whom, and the standing plan that was set with it."""
    found = session.execute(
        select(AlertResolution, User.name)
        .join(User, User.id == AlertResolution.by)
        .where(AlertResolution.alert_id == alert.id)
    ).one_or_none()
    if found is None:
        return None
    resolution: AlertResolution = found.AlertResolution
    plan = session.scalar(select(StoredPlan).where(StoredPlan.alert_id == alert.id))
    return {
        "at": resolution.at,
        "by": resolution.by,
        "by_name": found.name,
        "disposition": resolution.disposition,
        "note": resolution.note if reach.acts else None,
        "standing_plan": _plan(plan) if plan is not None and reach.acts else None,
    }


def _plan(plan: StoredPlan) -> dict[str, Any]:
    return {
        "until": plan.until_at,
        "reason": plan.reason,
        "recorded_ones": plan.recorded_ones,
        "ended_at": plan.ended_at,
        "ended_because": plan.ended_because,
    }
