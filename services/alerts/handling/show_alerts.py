"""Reading alerts: the worklist, and one alert with everything that its reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import Alert, User
from models.alerts.alert import SEVERITIES
from services import audit
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain, next_target, target_names
from services.alerts.handling.colleagues import colleagues
from services.alerts.handling.evidence import (
    load_occurrences,
    show_bodies,
    show_contacts,
    show_evidence,
    show_occurrences,
)
from services.alerts.handling.timeline import (
    show_notifications,
    show_resolution,
    show_timeline,
)
from services.alerts.permissions import (
    Reach,
    allowed_dispositions,
    reach_of,
    visible_alert,
    visible_clause,
)
from services.paging import Page, decode_cursor, encode_cursor
from services.rules.catalogue import EMERGENCY, SUICIDE_RISK, UNREADABLE_RISK
from services.rules.escalation.states import AlertState
from services.unit_of_work import transaction

SUMMARY: Final = (
    "id",
    "patient_id",
    "family",
    "rule",
    "rule_version",
    "severity",
    "status",
    "triggered_at",
    "newest_occurrence_at",
    "occurrence_count",
    "acknowledged_by",
    "acknowledged_at",
    "resolved_at",
    "next_at",
)
# Sorts before every resolved alert: the page that the not resolved ones filled alone ends here.
BEFORE_ALL_RESOLVED: Final = (0, datetime(1, 1, 1, tzinfo=UTC), UUID(int=0))


def clinic_of_alert(alert_id: UUID, clinic_ids: Sequence[UUID]) -> UUID | None:
    """Which of these clinics the alert belongs to; asked for somebody who may enter all of them."""
    for clinic_id in clinic_ids:
        with transaction(clinic_id) as session:
            if session.scalar(select(Alert.id).where(Alert.id == alert_id)) is not None:
                return clinic_id
    return None


def list_alerts(
    actor: Actor,
    now: datetime,
    *,
    status: str | None = None,
    severity: str | None = None,
    patient_id: UUID | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page:
    """The worklist: not resolved first, then by tier, then the oldest; the read is recorded.

    Whatever is not resolved stands on the first page, also beyond `limit`; resolved ones fill the
    rest and follow. Raises `Forbidden`, and `Invalid` for a cursor of another list.
    """
    after = decode_cursor(cursor, int, datetime, UUID) if cursor else None
    matching = [visible_clause(actor, now)]
    filters = {Alert.status: status, Alert.severity: severity, Alert.patient_id: patient_id}
    matching += [column == value for column, value in filters.items() if value is not None]
    keys = alert_order()
    query = select(Alert).where(*matching).order_by(*keys)
    resolved = query.where(Alert.status == "resolved")
    if after is not None:
        seen = [literal(part, key.type) for part, key in zip(after, keys, strict=True)]
        resolved = resolved.where(tuple_(*keys) > tuple_(*seen))
    with acting(actor, now) as session:
        first: Sequence[Alert] = ()
        if after is None:
            first = session.scalars(query.where(Alert.status != "resolved")).all()
        room = max(0, limit - len(first))
        ended = session.scalars(resolved.limit(room + 1)).all()
        listed = (*first, *ended[:room])
        names = _owners(session, listed)
        items = [
            show_summary(alert) | {"acknowledged_by_name": names.get(alert.acknowledged_by)}
            for alert in listed
        ]
        shown = {item["patient_id"] for item in items} - {None}
        named = patient_id if items else None
        audit.record(session, actor.user_id, "alerts_listed", now, named, about=sorted(shown))
        return {"items": items, "next_cursor": _next_cursor(ended, room)}


def get_alert(actor: Actor, alert_id: UUID, now: datetime) -> dict[str, Any]:
    """One alert with all that the actor may see of it; the read is recorded.

    Raises `Forbidden` for a role that has no business here, `NotFound` for one out of view.
    """
    with acting(actor, now) as session:
        alert = visible_alert(session, actor, alert_id, now)
        reach = reach_of(session, actor, alert, now)
        shown = show_alert(session, actor, alert, reach, now)
        record_access(session, actor, alert, reach, "alert_read", now)
        return shown


def show_alert(
    session: Session, actor: Actor, alert: Alert, reach: Reach, now: datetime
) -> dict[str, Any]:
    """The alert as this person sees it; `evidence` and `patient` are left out for those who may
    not act.
    """
    names = target_names(session, alert.clinic_id)
    rows = load_occurrences(session, alert)
    shown = show_summary(alert) | {
        "acknowledged_by_name": _name_of(session, alert.acknowledged_by),
        "paged_as": alert.page_severity,
        "ack_expires_at": alert.ack_expires_at,
        "contact_due_at": alert.contact_due_at,
        "occurrences": show_occurrences(session, alert, rows),
        "escalation": _escalation(session, alert, names),
        "resolution": show_resolution(session, alert, reach),
        "timeline": show_timeline(session, alert, actor, reach, names),
        "notifications": show_notifications(session, alert, names),
        "may": {
            "act": reach.acts,
            "resolve": reach.resolves,
            "dispositions": allowed_dispositions(AlertState.of(alert)) if reach.resolves else [],
            "hand_over_to": colleagues(session, alert, actor) if reach.acts else [],
            "standing_plan": reach.sets_plans
            and alert.family == SUICIDE_RISK
            and alert.status != "resolved",
        },
    }
    if reach.acts:
        shown["patient"] = show_contacts(session, alert, now)
        shown["evidence"] = show_evidence(session, alert, rows, now)
        if alert.family in (UNREADABLE_RISK, EMERGENCY):
            shown["unreadable"] = show_bodies(session, alert)
    return shown


def show_summary(alert: Alert) -> dict[str, Any]:
    """One row of the worklist: no patient data but the id."""
    return {name: getattr(alert, name) for name in SUMMARY}


def record_access(
    session: Session, actor: Actor, alert: Alert, reach: Reach, action: str, now: datetime
) -> None:
    """Into the audit chain; an administrator who sees a patient breaks glass. The last
    statements of a transaction.
    """
    audit.record(session, actor.user_id, action, now, alert.patient_id, alert.id)
    if reach.breaks_glass:
        audit.record(session, actor.user_id, "break_glass", now, alert.patient_id, alert.id)


def _escalation(session: Session, alert: Alert, names: dict[UUID, str]) -> dict[str, Any]:
    chain = load_chain(session, alert.clinic_id, alert.next_at, alert.patient_id)
    target = next_target(AlertState.of(alert), chain, names)
    return {"step": alert.page_step, "next_at": alert.next_at, "target": target}


def _owners(session: Session, listed: Sequence[Alert]) -> dict[UUID | None, str]:
    wanted = {alert.acknowledged_by for alert in listed} - {None}
    if not wanted:
        return {}
    found = session.execute(select(User.id, User.name).where(User.id.in_(wanted)))
    return {row.id: row.name for row in found}


def _name_of(session: Session, user_id: UUID | None) -> str | None:
    return None if user_id is None else session.scalar(select(User.name).where(User.id == user_id))


def alert_order() -> tuple[ColumnElement[Any], ...]:
    """By tier (1 for critical to 4 for low), then the oldest."""
    listed = cast(list(SEVERITIES), ARRAY(Text))
    return (
        func.array_position(listed, Alert.severity),
        Alert.triggered_at.expression,
        Alert.id.expression,
    )


def _next_cursor(ended: Sequence[Alert], room: int) -> str | None:
    """`ended` was asked for one more than there is room for."""
    if len(ended) <= room:
        return None
    if not room:
        return encode_cursor(*BEFORE_ALL_RESOLVED)
    last = ended[room - 1]
    return encode_cursor(SEVERITIES.index(last.severity) + 1, last.triggered_at, last.id)
