"""Reading one alert with everything that its reader may see."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, User
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
)
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


def clinic_of_alert(alert_id: UUID, clinic_ids: Sequence[UUID]) -> UUID | None:
    """Which of these clinics the alert belongs to; asked for somebody who may enter all of them."""
    for clinic_id in clinic_ids:
        with transaction(clinic_id) as session:
            if session.scalar(select(Alert.id).where(Alert.id == alert_id)) is not None:
                return clinic_id
    return None


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


def _name_of(session: Session, user_id: UUID | None) -> str | None:
    return None if user_id is None else session.scalar(select(User.name).where(User.id == user_id))
