"""Where a patient started: the reference of every improvement, provisional without a course."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from services.rules.day_series import DayRow, Entry, in_order
from services.rules.statistics import mean
from services.rules.trend_thresholds import TREND_THRESHOLDS, Windows

BaselineStatus = Literal["established", "provisional", "missing"]


@dataclass(frozen=True, slots=True)
class Baseline:
    """A level in points of the instrument, and the last mood day that it rests on."""

    value: int | Fraction | None
    on: dt.date | None
    status: BaselineStatus


MISSING = Baseline(None, None, "missing")


def first_form_baseline(entries: Iterable[Entry]) -> Baseline:
    """Return the first complete form, for instruments that look back over weeks."""
    for entry in in_order(entries):
        if entry.total is not None:
            return Baseline(entry.total, entry.mood_day, "provisional")
    return MISSING


def first_days_baseline(
    rows: Iterable[DayRow], windows: Windows = TREND_THRESHOLDS.windows
) -> Baseline:
    """Return the mean of the complete days among the first 7 mood days, which need at least 3.

    The first mood day is the first with any entry, complete or not.
    """
    days = list(rows)
    within = [r for r in days if (r.mood_day - days[0].mood_day).days < windows.baseline_days]
    complete = [(row.mood_day, row.value) for row in within if row.value is not None]
    if len(complete) < windows.baseline_min_days:
        return MISSING
    return Baseline(mean([value for _, value in complete]), complete[-1][0], "provisional")
