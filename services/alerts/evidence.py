"""What an alert rests on: the gravest of its occurrences, with what was measured and decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, aliased

from models import (
    Alert,
    AlertOccurrence,
    Decision,
    SessionVitals,
    SideEffectReport,
    TreatmentSession,
)
from services.alerts.follow_up_watch import FAMILY as FOLLOW_UP
from services.rules.side_effects import SIDE_EFFECTS
from services.rules.tiers import Tier

MEASURED: Final = ("systolic", "diastolic", "heart_rate")
OF_A_SESSION: Final = ("phase", *MEASURED, "spo2", "sedation", "taken_at")


def gravest(rows: Sequence[Any]) -> Any | None:
    """The occurrence that the alert's tier rests on: the highest, of equals the newest."""
    return max(rows, key=lambda row: (Tier.from_word(row.tier), row.at), default=None)


def show_evidence(
    session: Session, alert: Alert, rows: Sequence[Any], now: datetime
) -> dict[str, Any] | None:
    """What was answered, of the gravest occurrence. ``age_minutes`` from when it was answered.

    ``version``: which version of the form (1 is the first); null when it was no form. Pressures in
    mmHg, heart rate per minute, SpO2 in percent, sedation as MOAA/S.
    """
    row = gravest(rows)
    if row is None:
        return None
    return {
        "check_in_id": row.check_in_id,
        "rule": row.rule,
        "instrument": row.instrument,
        "item9": row.item9,
        "cssrs": row.cssrs,
        "recorded_at": row.recorded_at or row.at,
        "received_at": row.received_at,
        "age_minutes": max(0, int((now - row.at).total_seconds() // 60)),
        "version": row.version,
        **_treatment(session, row.id),
        "findings": _findings(session, alert, row),
    }


def _treatment(session: Session, occurrence_id: UUID) -> dict[str, Any]:
    """The report of side effects, the vital signs and the session behind an occurrence."""
    entry, about = aliased(TreatmentSession), aliased(TreatmentSession)
    row = session.execute(
        select(
            SideEffectReport.id.label("side_effects_id"),
            SideEffectReport.effects,
            SideEffectReport.answered_at,
            *(getattr(SideEffectReport, name).label(f"said_{name}") for name in MEASURED),
            *(getattr(SessionVitals, name) for name in OF_A_SESSION),
            func.coalesce(
                SideEffectReport.session_id, SessionVitals.session_id, entry.id, about.id
            ).label("session_id"),
        )
        .select_from(AlertOccurrence)
        .outerjoin(SideEffectReport, _same(SideEffectReport, AlertOccurrence.entry_id))
        .outerjoin(SessionVitals, _same(SessionVitals, AlertOccurrence.entry_id))
        .outerjoin(entry, _same(entry, AlertOccurrence.entry_id))
        .outerjoin(about, _same(about, AlertOccurrence.about_id))
        .where(AlertOccurrence.id == occurrence_id)
    ).one()
    return {
        "side_effects_id": row.side_effects_id,
        "effects": None if row.effects is None else [_effect(each) for each in row.effects],
        "vitals": _vitals(row),
        "session_id": row.session_id,
    }


def _same(table: Any, record_id: Any) -> ColumnElement[bool]:
    return and_(
        table.clinic_id == AlertOccurrence.clinic_id,
        table.patient_id == AlertOccurrence.patient_id,
        table.id == record_id,
    )


def _effect(stored: Mapping[str, Any]) -> dict[str, Any]:
    """A code that a later list no longer has is its own label."""
    known = SIDE_EFFECTS.effects.get(stored["code"])
    label = stored["code"] if known is None else known.label
    return {"code": stored["code"], "label": label, "grade": stored["grade"]}


def _vitals(row: Any) -> dict[str, Any] | None:
    """Measured at a session, or sent with a report (then without a phase)."""
    if row.taken_at is not None:
        return {name: getattr(row, name) for name in OF_A_SESSION}
    if row.said_systolic is None:
        return None
    said = {name: getattr(row, f"said_{name}") for name in MEASURED}
    return {"phase": None, "spo2": None, "sedation": None, "taken_at": row.answered_at, **said}


def _findings(session: Session, alert: Alert, row: Any) -> dict[str, Any] | None:
    """What the rule looked at when it fired, as it was kept; of the S rules the answer says it."""
    if alert.family == FOLLOW_UP:
        return {"window": row.source, "due_at": row.at.isoformat()}
    if alert.family != row.rule.lower():
        return None
    kept = session.scalars(
        select(Decision.decided)
        .where(
            Decision.patient_id == alert.patient_id,
            Decision.entry_id == row.entry_id,
            Decision.revision == row.revision,
        )
        .order_by(Decision.decided_at.desc())
    )
    about = None if row.about_id is None else str(row.about_id)
    fired = (
        one["inputs"]
        for decided in kept
        for one in decided
        if one["fired"] and one["rule"] == row.rule and one.get("about") == about
    )
    return next(fired, None)
