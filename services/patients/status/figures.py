"""The trend columns of the status row, from entries alone: what is cached can be recomputed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from fractions import Fraction
from typing import Any, Final
from uuid import UUID

from services.rules.courses import UNTREATED, Treatment
from services.rules.day_series import DayValue, Entry, day_rows, day_values
from services.rules.figures.baseline import find_baseline
from services.rules.figures.numbers import FIGURE_NUMBERS
from services.rules.figures.standing import standing
from services.rules.figures.status import phq9_status
from services.rules.figures.windows import mean_of_week, slope_per_week
from services.rules.worsening.non_response import m4

TWO_WEEKS: Final = "phq9"
DAILY: Final = "phq9-daily"
SLOPE_DAYS: Final = FIGURE_NUMBERS.windows.slope_days


@dataclass(frozen=True, slots=True)
class AsOf:
    """What is known of the treatment, in which zone, and when: only sessions that had started by
    `at` count (None: none did).
    """

    treatment: Treatment = UNTREATED
    zone: tzinfo = UTC
    at: datetime | None = None

    @property
    def begun(self) -> Treatment:
        """The courses with the sessions that had started."""
        return UNTREATED if self.at is None else self.treatment.until(self.at)


NOW_UNTREATED: Final = AsOf()


def figures_of(
    instrument: str, entries: Collection[Entry], as_of: AsOf = NOW_UNTREATED
) -> dict[str, Any]:
    """The cached columns that this instrument's series gives; none for the others."""
    made = {TWO_WEEKS: two_week_figures, DAILY: daily_figures}.get(instrument)
    return {} if made is None else made(entries, as_of)


def two_week_figures(entries: Collection[Entry], as_of: AsOf = NOW_UNTREATED) -> dict[str, Any]:
    """`baseline` and `current` in points (0-27), `trend_status` and `non_response` (M4), of
    the `phq9`; all forms of the patient.
    """
    rows = day_rows(entries)
    values = day_values(rows)
    begun = as_of.begun
    baseline = find_baseline(TWO_WEEKS, list(entries), rows, treatment=begun, zone=as_of.zone).value
    current = values[-1].value if values else None
    return {
        "two_week_figures_at": as_of.at,
        "non_response": _is_non_response(values, baseline, as_of),
        "baseline": _number(baseline),
        "current": _number(current),
        # Null stands for "baseline_missing", so that a patient without a form needs no write.
        "trend_status": None if baseline is None else phq9_status(baseline, current),
    }


def _is_non_response(
    values: Sequence[DayValue], baseline: int | Fraction | None, as_of: AsOf
) -> bool:
    begun = as_of.begun
    if as_of.at is None or not begun.sessions:
        return False
    level = None if baseline is None else float(baseline)
    return m4(values, level, begun, as_of.zone, as_of.at).is_met


def daily_figures(entries: Collection[Entry], as_of: AsOf = NOW_UNTREATED) -> dict[str, Any]:
    """`daily_m7` in points and `daily_slope` in points a week, of the `phq9-daily`, and where
    the patient stands between sessions.

    The 14 mood days that end on the last complete one, and those from 3 days before the last
    session on, are enough; more changes nothing.
    """
    values = day_values(day_rows(entries))
    week = mean_of_week(values)
    begun = as_of.begun
    stands = standing(values, begun, as_of.zone, list(entries))
    planned = [one for one in as_of.treatment.sessions if as_of.at and one.started_at > as_of.at]
    return {
        "daily_figures_at": as_of.at,
        "last_session_id": UUID(stands.last_session_id) if stands.last_session_id else None,
        "last_session_at": stands.last_session_at,
        "sessions_in_course": stands.sessions_in_course,
        "next_session_id": UUID(planned[0].id) if planned else None,
        "next_session_at": planned[0].started_at if planned else None,
        "wearing_off_on": stands.wearing_off_on,
        "maintenance_due_on": stands.maintenance_due_on,
        "daily_m7": _number(week.value if week else None),
        "daily_slope": _number(slope_per_week(values)),
    }


def _number(value: int | Fraction | None) -> float | None:
    return None if value is None else float(value)
