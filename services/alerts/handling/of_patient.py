"""A patient's alerts with whoever answered them, and the standing plan: for the patient's page."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, cast, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from models import Alert, AlertResolution, StoredPlan, User
from models.alerts.alert import SEVERITIES
from services.access import Actor
from services.alerts.handling.show_alerts import show_summary
from services.alerts.permissions import visible_clause

_OWNER: Final = aliased(User)
_ENDER: Final = aliased(User)


def alerts_of_patient(
    session: Session, actor: Actor, patient_id: UUID, now: datetime
) -> list[dict[str, Any]]:
    """All that the actor may see: what is open first, by tier and age, then the newest that ended;
    each with who took it and who ended it how. Raises `Forbidden` for a role without business here.
    """
    rows = session.execute(
        select(
            Alert,
            _OWNER.name.label("owner"),
            _ENDER.name.label("ender"),
            AlertResolution.disposition,
        )
        .outerjoin(_OWNER, _OWNER.id == Alert.acknowledged_by)
        .outerjoin(AlertResolution, AlertResolution.alert_id == Alert.id)
        .outerjoin(_ENDER, _ENDER.id == AlertResolution.by)
        .where(Alert.patient_id == patient_id, visible_clause(actor, now))
        .order_by(*_gravest_first())
    )
    return [
        show_summary(row.Alert)
        | {
            "acknowledged_by_name": row.owner,
            "resolved_by_name": row.ender,
            "disposition": row.disposition,
        }
        for row in rows
    ]


def _gravest_first() -> tuple[ColumnElement[Any] | InstrumentedAttribute[Any], ...]:
    tier = func.array_position(cast(list(SEVERITIES), ARRAY(Text)), Alert.severity)
    ended = Alert.resolved_at.is_not(None)
    return (ended, Alert.resolved_at.desc(), tier, Alert.triggered_at.expression, Alert.id)


def plan_in_force(session: Session, patient_id: UUID, now: datetime) -> dict[str, Any] | None:
    """The standing plan that holds at this instant, and who set it."""
    row = session.execute(
        select(
            StoredPlan.alert_id,
            StoredPlan.set_at,
            StoredPlan.until_at,
            StoredPlan.reason,
            StoredPlan.recorded_ones,
            User.name.label("set_by_name"),
        )
        .join(User, User.id == StoredPlan.set_by)
        .where(
            StoredPlan.patient_id == patient_id,
            StoredPlan.ended_at.is_(None),
            StoredPlan.until_at > now,
        )
    ).one_or_none()
    return None if row is None else row._asdict()
