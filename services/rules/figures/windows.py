"""The windows of mood days that figures are made over: means, slope, and how much days differ."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from itertools import pairwise
from operator import attrgetter

from services.rules.day_series import DayValue
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers, Windows
from services.rules.statistics import TrendTest, mann_kendall, mean, sample_sd, theil_sen

_DAY = attrgetter("day")


@dataclass(frozen=True, slots=True)
class WindowMean:
    """The mean of the `n` observed days of a window."""

    value: Fraction
    n: int


def between(values: Sequence[DayValue], first: date, last: date) -> Sequence[DayValue]:
    """Return the values (ascending) of the days from the first to the last, both included."""
    start = bisect_left(values, first, key=_DAY)
    return values[start : bisect_right(values, last, lo=start, key=_DAY)]


def ending_on_last(values: Sequence[DayValue], days: int) -> Sequence[DayValue]:
    """Return the values (ascending) of the so many mood days that end on the last value."""
    if not values:
        return ()
    last = values[-1].day.toordinal()
    return between(values, date.fromordinal(max(1, last - days + 1)), values[-1].day)


def slope_per_week(
    values: Sequence[DayValue], thresholds: FigureNumbers = FIGURE_NUMBERS
) -> Fraction | None:
    """Return Theil-Sen points per week over the 14 mood days that end on the last value.

    Negative is improving where lower is better. None with fewer than 5 observed days.
    """
    window = _slope_window(values, thresholds)
    if not window:
        return None
    return 7 * theil_sen([(value.day.toordinal(), value.value) for value in window])


def trend_test(
    values: Sequence[DayValue], thresholds: FigureNumbers = FIGURE_NUMBERS
) -> TrendTest | None:
    """Return Mann-Kendall's test over the days of the slope; None with fewer than 5 of them."""
    window = _slope_window(values, thresholds)
    return mann_kendall([value.value for value in window]) if window else None


def mean_of_week(
    values: Sequence[DayValue], thresholds: FigureNumbers = FIGURE_NUMBERS
) -> WindowMean | None:
    """Return the mean over the 7 mood days that end on the last value; None with fewer than 4."""
    window = ending_on_last(values, thresholds.windows.mean_days)
    if len(window) < thresholds.measures.missing_days.week_min_days:
        return None
    return WindowMean(mean([value.value for value in window]), len(window))


def _slope_window(values: Sequence[DayValue], thresholds: FigureNumbers) -> Sequence[DayValue]:
    window = ending_on_last(values, thresholds.windows.slope_days)
    least = thresholds.measures.missing_days.two_weeks_min_days
    return window if len(window) >= least else ()


@dataclass(frozen=True, slots=True)
class Instability:
    """`sd` in points over `n` observed days; `mssd`: mean square of the differences between
    adjacent days, in points squared, None when no two days are adjacent.
    """

    sd: float
    mssd: Fraction | None
    n: int


def instability(
    values: Sequence[DayValue], windows: Windows = FIGURE_NUMBERS.windows
) -> Instability | None:
    """Return both figures over the 14 mood days that end on the last value (ascending).

    None with fewer than 7 observed days. Days with a missing day between them are not adjacent.
    """
    seen = ending_on_last(values, windows.instability_days)
    if len(seen) < windows.instability_min_days:
        return None
    steps = [
        (later.value - sooner.value) ** 2
        for sooner, later in pairwise(seen)
        if (later.day - sooner.day).days == 1
    ]
    return Instability(
        sd=sample_sd([value.value for value in seen]),
        mssd=mean(steps) if steps else None,
        n=len(seen),
    )
