"""The check-ins that a decision and the status row's figures rest on: one bounded read."""

from __future__ import annotations

from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ScalarSelect, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from models import CheckIn
from services.patients.series_rows import ENTRY_COLUMNS, counting, entry_of
from services.patients.status_figures import DAILY, SLOPE_DAYS, TWO_WEEKS
from services.rules.day_series import Entry
from services.rules.trend_thresholds import TREND_THRESHOLDS
from services.rules.worsening import DAILY_LOOKBACK_DAYS

IN_SERIES: Final = (TWO_WEEKS, DAILY)
_PATIENT: Final = bindparam("patient_id", type_=CheckIn.patient_id.type)
_INSTRUMENT: Final = bindparam("instrument", type_=CheckIn.instrument.type)


def _day(of: Any) -> ScalarSelect[Any]:
    other = aliased(CheckIn)
    return (
        select(of(other))
        .where(
            other.patient_id == _PATIENT,
            other.instrument == _INSTRUMENT,
            other.counts_in_trend,
        )
        .scalar_subquery()
    )


def _statement() -> Select[Any]:
    """Two-week forms are few and all come. Of daily ones: the lookback, the days of the baseline,
    and the fortnight that ends on the last complete one.
    """
    first = _day(lambda other: func.min(other.mood_day))
    last = _day(lambda other: func.max(other.mood_day).filter(other.total.is_not(None)))
    needed = or_(
        CheckIn.instrument == TWO_WEEKS,
        CheckIn.mood_day >= bindparam("since", type_=CheckIn.mood_day.type),
        CheckIn.mood_day < first + TREND_THRESHOLDS.windows.baseline_days,
        CheckIn.mood_day > last - SLOPE_DAYS,
    )
    return select(*ENTRY_COLUMNS).where(counting(_PATIENT, _INSTRUMENT), needed)


# Built once: putting a statement together costs more than running it.
_SERIES: Final = _statement()


def load_series(session: Session, patient_id: UUID, instrument: str, joined: Entry) -> list[Entry]:
    """The series that ``joined`` (not yet in the database) takes its place in, in no particular
    order; it replaces the earlier versions of its form.
    """
    since = date.fromordinal(max(1, joined.mood_day.toordinal() - DAILY_LOOKBACK_DAYS))
    rows = session.execute(
        _SERIES, {"patient_id": patient_id, "instrument": instrument, "since": since}
    )
    others = (entry_of(row) for row in rows)
    return [*(each for each in others if each.entry_id != joined.entry_id), joined]
