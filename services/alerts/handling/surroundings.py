"""What stands around an alert: the last session, the newest C-SSRS, the patient's other alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, CheckIn, CheckInContent
from services.patients.history.check_ins import OF_ITS_CHECK_IN
from services.patients.history.treatments import load_treatment
from services.rules.courses import session_before


def show_surroundings(
    session: Session, alert: Alert, patient_id: UUID, now: datetime
) -> dict[str, Any]:
    """`last_session`, `newest_cssrs` (each null when there is none) and `other_alerts`."""
    return {
        "last_session": _last_session(session, patient_id, now),
        "newest_cssrs": _newest_cssrs(session, patient_id),
        "other_alerts": _other_alerts(session, alert),
    }


def _last_session(session: Session, patient_id: UUID, now: datetime) -> Mapping[str, Any] | None:
    last = session_before(now, load_treatment(session, patient_id).sessions)
    if last is None:
        return None
    return {name: getattr(last, name) for name in ("id", "started_at", "product", "route")}


def _newest_cssrs(session: Session, patient_id: UUID) -> dict[str, Any] | None:
    """The one answered last, in its current version."""
    row = session.execute(
        select(
            CheckIn.id,
            CheckIn.instrument,
            CheckIn.cssrs_level,
            CheckIn.recorded_at,
            CheckInContent.answers,
        )
        .join(CheckInContent, OF_ITS_CHECK_IN)
        .where(
            CheckIn.patient_id == patient_id,
            CheckIn.cssrs_level.is_not(None),
            CheckIn.superseded.is_(False),
        )
        .order_by(CheckIn.answered_at.desc(), CheckIn.id.desc())
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    return {
        "check_in_id": row.id,
        "instrument": row.instrument,
        "level": row.cssrs_level,
        "recorded_at": row.recorded_at,
        "answers": row.answers,
    }


def _other_alerts(session: Session, alert: Alert) -> list[dict[str, Any]]:
    """Those of the patient that nobody has resolved, the newest first."""
    shown = (Alert.id, Alert.family, Alert.rule, Alert.severity, Alert.status, Alert.triggered_at)
    rows = session.execute(
        select(*shown)
        .where(
            Alert.patient_id == alert.patient_id, Alert.id != alert.id, Alert.status != "resolved"
        )
        .order_by(Alert.triggered_at.desc(), Alert.id)
    )
    return [dict(row) for row in rows.mappings()]
