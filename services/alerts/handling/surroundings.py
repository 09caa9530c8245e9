"""What stands around an alert: the last session, the newest C-SSRS, the patient's other alerts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, CheckIn, CheckInContent, Patient
from services.patients.history.check_ins import ENTRY_COLUMNS, OF_ITS_CHECK_IN, counting, entry_of
from services.patients.history.treatments import load_treatment
from services.rules.courses import session_before
from services.rules.day_series import day_rows
from services.rules.mood_days import find_zone, mood_day_at

DAILY: Final = "phq9-daily"
RECENT_DAYS: Final = 14


def show_surroundings(
    session: Session, alert: Alert, patient_id: UUID, now: datetime
) -> dict[str, Any]:
    """`last_session`, `newest_cssrs` (each null when there is none), `other_alerts`, `recent`."""
    return {
        "last_session": _last_session(session, patient_id, now),
        "newest_cssrs": _newest_cssrs(session, patient_id),
        "other_alerts": _other_alerts(session, alert),
        "recent": _recent(session, patient_id, now),
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


def _recent(session: Session, patient_id: UUID, now: datetime) -> dict[str, Any]:
    """The daily form of the last 14 mood days, as the trend has it."""
    zone = session.scalars(select(Patient.timezone).where(Patient.id == patient_id)).one()
    last = mood_day_at(now, find_zone(zone) or UTC)
    first = last - timedelta(days=RECENT_DAYS - 1)
    rows = session.execute(
        select(*ENTRY_COLUMNS).where(
            counting(patient_id, DAILY), CheckIn.mood_day.between(first, last)
        )
    )
    days = day_rows([entry_of(row) for row in rows])
    shown = ("mood_day", "value", "q9_max")
    return {
        "instrument": DAILY,
        "from": first,
        "to": last,
        "days": [{name: getattr(day, name) for name in shown} for day in days],
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
