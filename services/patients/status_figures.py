"""The trend columns of the status row, from entries alone: what is cached can be recomputed."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction
from typing import Any, Final

from services.rules.day_series import Entry, day_rows, day_values
from services.rules.trend import find_baseline, mean_of_week, slope_per_week
from services.rules.trend_status import phq9_status
from services.rules.trend_thresholds import TREND_THRESHOLDS

TWO_WEEKS: Final = "phq9"
DAILY: Final = "phq9-daily"
SLOPE_DAYS: Final = TREND_THRESHOLDS.windows.slope_days


def figures_of(instrument: str, entries: Collection[Entry]) -> dict[str, Any]:
    """The cached columns that this instrument's series gives; none for the others."""
    made = {TWO_WEEKS: two_week_figures, DAILY: daily_figures}.get(instrument)
    return {} if made is None else made(entries)


def two_week_figures(entries: Collection[Entry]) -> dict[str, Any]:
    """``baseline`` and ``current`` in points (0-27) and ``trend_status``, of the `phq9`.

    The first complete form and all of the last complete day are enough; more changes nothing.
    """
    rows = day_rows(entries)
    values = day_values(rows)
    baseline = find_baseline(TWO_WEEKS, list(entries), rows).value
    current = values[-1].value if values else None
    return {
        "baseline": _number(baseline),
        "current": _number(current),
        # Null stands for "baseline_missing", so that a patient without a form needs no write.
        "trend_status": None if baseline is None else phq9_status(baseline, current),
    }


def daily_figures(entries: Collection[Entry]) -> dict[str, Any]:
    """``daily_m7`` in points and ``daily_slope`` in points a week, of the `phq9-daily`.

    The 14 mood days that end on the last complete one are enough; more changes nothing.
    """
    values = day_values(day_rows(entries))
    week = mean_of_week(values)
    return {
        "daily_m7": _number(week.value if week else None),
        "daily_slope": _number(slope_per_week(values)),
    }


def _number(value: int | Fraction | None) -> float | None:
    return None if value is None else float(value)
