"""The status row's cache: kept up to date entry by entry, and recomputed from the whole history."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, select, update
from sqlalchemy.orm import Session

from models import CheckIn, Patient, PatientStatus, UnreadableBody
from services.patients.history.check_ins import TIME_BELIEVED, whole_series
from services.patients.history.treatments import load_treatment
from services.patients.status.figures import DAILY, TWO_WEEKS, AsOf, daily_figures, two_week_figures
from services.rules.danger.numbers import RULES
from services.rules.mood_days import find_zone

CACHED: Final = (
    "last_check_in_at",
    "last_item9_on",
    "last_cssrs_on",
    "item9_positive_at",
    "cssrs_moderate_at",
    "last_item9",
    "baseline",
    "current",
    "trend_status",
    "daily_m7",
    "daily_slope",
    "non_response",
    "last_session_id",
    "last_session_at",
    "sessions_in_course",
    "next_session_id",
    "next_session_at",
    "wearing_off_on",
    "maintenance_due_on",
    "two_week_forecast",
    "daily_forecast",
)


def raise_revision(session: Session, patient_id: UUID) -> int:
    """Lock the status row until the transaction ends, count one write about the patient, and
    return its revision.
    """
    return session.scalars(
        update(PatientStatus)
        .where(PatientStatus.patient_id == patient_id)
        .values(revision=PatientStatus.revision + 1)
        .returning(PatientStatus.revision)
    ).one()


def recompute(
    session: Session, patient_id: UUID, two_week_at: datetime | None, daily_at: datetime | None
) -> dict[str, Any]:
    """Every cached column from the patient's whole history, as `caseload verify` compares it.

    Only sessions that had started at these instants count for the figures of the two forms: it was
    as of then that they were last worked out.
    """
    timezone = session.execute(select(Patient.timezone).where(Patient.id == patient_id)).scalar()
    zone = find_zone(timezone or "") or UTC
    treatment = load_treatment(session, patient_id)
    two_weeks = whole_series(session, patient_id, TWO_WEEKS)
    daily = whole_series(session, patient_id, DAILY)
    return (
        _risk(session, patient_id)
        | two_week_figures(two_weeks, AsOf(treatment, zone, two_week_at))
        | daily_figures(daily, AsOf(treatment, zone, daily_at))
    )


def refresh(session: Session, patient_id: UUID, now: datetime) -> None:
    """Write the recomputed columns, after something changed an old entry or a session. The status
    row is locked by the caller.
    """
    values = recompute(session, patient_id, now, now)
    session.execute(
        update(PatientStatus).where(PatientStatus.patient_id == patient_id).values(**values)
    )


def differences(session: Session, patient_id: UUID) -> list[str]:
    """The names of the cached columns that differ from a recompute. Waits for writers: the row is
    locked until the transaction ends.
    """
    names = (*CACHED, "two_week_figures_at", "daily_figures_at")
    columns = [getattr(PatientStatus, name) for name in names]
    row = session.execute(
        select(*columns).where(PatientStatus.patient_id == patient_id).with_for_update()
    ).one_or_none()
    if row is None:
        # A patient who was erased since they were listed needs none.
        is_there = session.scalar(select(Patient.id).where(Patient.id == patient_id)) is not None
        return ["status row"] if is_there else []
    true_values = recompute(session, patient_id, row.two_week_figures_at, row.daily_figures_at)
    return [name for name in CACHED if getattr(row, name) != true_values[name]]


def _risk(session: Session, patient_id: UUID) -> dict[str, Any]:
    """What the safety rules look back at: all versions, also those that count in no trend."""
    positive = CheckIn.q9 >= RULES.item9_positive_from
    # Risk of an unknown time is as new as its receipt; what ends a silence needs a time.
    at = case((TIME_BELIEVED, CheckIn.answered_at), else_=CheckIn.received_at)
    found = session.execute(
        select(
            func.max(CheckIn.received_at).filter(TIME_BELIEVED).label("last_check_in_at"),
            func.max(CheckIn.mood_day)
            .filter(TIME_BELIEVED, CheckIn.q9.is_not(None))
            .label("last_item9_on"),
            func.max(CheckIn.mood_day)
            .filter(TIME_BELIEVED, CheckIn.cssrs_level.is_not(None), CheckIn.complete)
            .label("last_cssrs_on"),
            func.max(at).filter(positive).label("positive_at"),
            func.max(at)
            .filter(CheckIn.cssrs_level.in_(("moderate", "high")))
            .label("cssrs_moderate_at"),
        ).where(CheckIn.patient_id == patient_id)
    ).one()
    unreadable_at = session.scalar(
        select(func.max(UnreadableBody.received_at)).where(
            UnreadableBody.patient_id == patient_id, UnreadableBody.counts_as_risk
        )
    )
    positives = [at for at in (found.positive_at, unreadable_at) if at is not None]
    return {
        "last_check_in_at": found.last_check_in_at,
        "last_item9_on": found.last_item9_on,
        "last_cssrs_on": found.last_cssrs_on,
        "item9_positive_at": max(positives, default=None),
        "cssrs_moderate_at": found.cssrs_moderate_at,
        "last_item9": _last_item9(session, patient_id),
    }


def _last_item9(session: Session, patient_id: UUID) -> int | None:
    """Of the last mood day with an item 9, the highest of all versions of what came in last."""
    return session.scalar(
        select(CheckIn.q9_highest)
        .where(CheckIn.patient_id == patient_id, TIME_BELIEVED, CheckIn.q9.is_not(None))
        .order_by(CheckIn.mood_day.desc(), CheckIn.revision.desc())
        .limit(1)
    )
