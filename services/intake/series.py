"""The check-ins that a worsening decision rests on."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session

from models import CheckIn
from services.patients.series_rows import ENTRY_COLUMNS, counting, entry_of
from services.rules.day_series import Entry
from services.rules.trend_thresholds import TREND_THRESHOLDS
from services.rules.worsening import DAILY_LOOKBACK_DAYS


def load_entries(session: Session, patient_id: UUID, instrument: str, until: date) -> list[Entry]:
    """The entries that a decision about ``until`` needs, in no particular order.

    Two-week forms are few and all come; of daily ones the lookback and the days of the baseline.
    """
    where = counting(patient_id, instrument)
    needed = _needed(session, where, instrument, until)
    rows = session.execute(select(*ENTRY_COLUMNS).where(where, needed))
    return [entry_of(row) for row in rows]


def _needed(
    session: Session, where: ColumnElement[bool], instrument: str, until: date
) -> ColumnElement[bool]:
    if instrument == "phq9":
        return true()
    first = session.scalar(select(func.min(CheckIn.mood_day)).where(where))
    since = date.fromordinal(max(1, until.toordinal() - DAILY_LOOKBACK_DAYS))
    recent = CheckIn.mood_day >= since
    if first is None:
        return recent
    week = first.toordinal() + TREND_THRESHOLDS.windows.baseline_days
    return or_(recent, CheckIn.mood_day < date.fromordinal(min(week, date.max.toordinal())))
