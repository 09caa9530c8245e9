"""What one session did: the level before it, the best day after it, the difference."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from services.rules.day_series import DayValue, Entry, in_order
from services.rules.session_windows import SessionWindow
from services.rules.statistics import mean
from services.rules.trend_thresholds import TREND_THRESHOLDS, SessionThresholds
from services.rules.trend_windows import between

Mornings = Mapping[dt.date, int]
_ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionEffect:
    """Levels in points of the instrument; `effect` is `pre` minus `nadir`, positive is better.

    `is_floor`: `pre` is so low that there is little to gain. `observed_days`: days of the window
    with a value.
    """

    pre: Fraction | None
    is_floor: bool
    nadir: int | Fraction | None
    nadir_on: dt.date | None
    observed_days: int

    @property
    def effect(self) -> Fraction | None:
        """Points gained, None unless both levels are known."""
        if self.pre is None or self.nadir is None:
            return None
        return self.pre - self.nadir


def session_effect(
    window: SessionWindow,
    values: Sequence[DayValue],
    mornings: Mornings | None = None,
    limits: SessionThresholds = TREND_THRESHOLDS.session,
) -> SessionEffect:
    """Return the effect of a window from the day values (ascending) of a symptom scale.

    `pre`: mean of the values on the 3 mood days before the first session; without any, what was
    answered on its own day before it began (`mornings`). Nadir: the lowest value on days 1 to 7
    after the last session and before the next one, which needs 2 observed days; the first such day.
    """
    pre = _pre(window, values, mornings or {}, limits)
    after = _days_after(window, values, limits)
    lowest = None
    if len(after) >= limits.nadir_min_days:
        lowest = min(after, key=lambda value: (value.value, value.day))
    return SessionEffect(
        pre=pre,
        is_floor=pre is not None and pre < limits.floor_below,
        nadir=lowest.value if lowest else None,
        nadir_on=lowest.day if lowest else None,
        observed_days=len(after),
    )


def morning_values(entries: Sequence[Entry], windows: Sequence[SessionWindow]) -> Mornings:
    """Return the last total (complete forms only) on each window's first day before its session."""
    starts = {window.first_day: window.sessions[0].started_at for window in windows}
    return {
        entry.mood_day: entry.total
        for entry in in_order(entry for entry in entries if entry.mood_day in starts)
        if entry.total is not None and entry.recorded_at < starts[entry.mood_day]
    }


def _pre(
    window: SessionWindow,
    values: Sequence[DayValue],
    mornings: Mornings,
    limits: SessionThresholds,
) -> Fraction | None:
    opens = window.first_day - dt.timedelta(days=limits.pre_days)
    before = between(values, opens, window.first_day - _ONE_DAY)
    if before:
        return mean([value.value for value in before])
    morning = mornings.get(window.first_day)
    return None if morning is None else Fraction(morning)


def _days_after(
    window: SessionWindow, values: Sequence[DayValue], limits: SessionThresholds
) -> Sequence[DayValue]:
    last = window.last_day + dt.timedelta(days=limits.nadir_days)
    if window.next_day is not None:
        last = min(last, window.next_day - _ONE_DAY)
    return between(values, window.last_day + _ONE_DAY, last)
