"""The figures of the trend report of one instrument, from its check-ins and nothing else.

Nothing after the last reported mood day changes any figure. All arithmetic is exact.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from services.rules.adherence import Adherence, DaySpan, adherence
from services.rules.baseline import Baseline
from services.rules.baseline import find_baseline as find_baseline
from services.rules.day_series import DayRow, DayValue, Entry, day_rows, day_values
from services.rules.mood_days import mood_day_at
from services.rules.trend_status import Improvement, Status, improvement, phq9_status
from services.rules.trend_thresholds import TREND_THRESHOLDS, TrendThresholds
from services.rules.trend_windows import WindowMean as WindowMean
from services.rules.trend_windows import mean_of_week as mean_of_week
from services.rules.trend_windows import slope_per_week as slope_per_week
from services.rules.wall_clock import find_zone

# How the day value of each instrument is made. A mood slider tells of the moment, so its day is a
# mean; the 24-hour form and the forms over weeks count as last answered.
MOMENTARY = frozenset({"mood"})
WITH_STATUS = "phq9"


@dataclass(frozen=True, slots=True)
class Trend:
    """Every figure of a report that needs no session; `series` holds the reported days only."""

    reported: DaySpan
    series: tuple[DayRow, ...]
    baseline: Baseline
    current: DayValue | None
    improvement: Improvement
    status: Status | None
    slope_per_week: Fraction | None
    m7: WindowMean | None
    adherence: Adherence


def trend(
    instrument: str,
    entries: Iterable[Entry],
    *,
    timezone: str,
    data_cut_at: dt.datetime,
    from_day: dt.date | None = None,
    to_day: dt.date | None = None,
    accepted_on: dt.date | None = None,
    paused: Iterable[DaySpan] = (),
    thresholds: TrendThresholds = TREND_THRESHOLDS,
) -> Trend:
    """Return the figures as of a data cut.

    `entries` are all check-ins of this instrument known at the cut; `from_day` bounds only the
    series and adherence; `to_day` defaults to the mood day of the cut in `timezone` (an unknown
    name counts as UTC), after which nothing is due yet.
    """
    cut_day = mood_day_at(data_cut_at, find_zone(timezone) or dt.UTC)
    last = cut_day if to_day is None else to_day
    first = dt.date.min if from_day is None else from_day
    reported, due_until = DaySpan(first, last), DaySpan(first, min(last, cut_day))
    known = [entry for entry in entries if entry.mood_day <= last]
    rows = day_rows(known, "mean" if instrument in MOMENTARY else "last")
    values = day_values(rows)
    baseline = find_baseline(instrument, known, rows, thresholds)
    current = values[-1] if values else None
    now = current.value if current else None
    answered_on = {entry.mood_day for entry in known if entry.answered}
    return Trend(
        reported=reported,
        series=tuple(row for row in rows if row.mood_day >= reported.first),
        baseline=baseline,
        current=current,
        improvement=improvement(baseline.value, now, thresholds.status),
        status=_status(instrument, baseline, now, thresholds),
        slope_per_week=slope_per_week(values, thresholds),
        m7=mean_of_week(values, thresholds),
        adherence=adherence(instrument, answered_on, accepted_on, paused, due_until, thresholds),
    )


def _status(
    instrument: str,
    baseline: Baseline,
    current: int | Fraction | None,
    thresholds: TrendThresholds,
) -> Status | None:
    if instrument != WITH_STATUS:
        return None
    return phq9_status(baseline.value, current, thresholds.status)
