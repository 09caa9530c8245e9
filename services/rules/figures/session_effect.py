"""What one session did: the level before it, the best day after it, the difference.

Sessions less than 48 hours apart cannot be told apart by days, so they share one window: what came
before is read before the first of them, what follows is counted from the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from fractions import Fraction
from itertools import zip_longest

from services.rules.courses import Session
from services.rules.day_series import DayValue, SeriesEntry, in_order
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers
from services.rules.figures.windows import between
from services.rules.measures import MEASURES, SessionSpans
from services.rules.statistics import mean


@dataclass(frozen=True, slots=True)
class SessionWindow:
    """Sessions that share a window, ascending, and its mood days in the patient's zone.

    `next_day`: the day of the session that ends the window; None for the last.
    """

    sessions: tuple[Session, ...]
    first_day: date
    last_day: date
    next_day: date | None

    def days_after(self, day: date) -> int:
        """Days from the window's last session to a mood day."""
        return (day - self.last_day).days


def session_windows(
    sessions: Sequence[Session],
    zone: tzinfo = UTC,
    limits: SessionSpans = MEASURES.newest.session,
) -> tuple[SessionWindow, ...]:
    """Return the windows of the sessions that had started, which come ascending."""
    groups: list[list[Session]] = []
    apart = timedelta(hours=limits.shared_hours)
    for session in sessions:
        if groups and session.started_at - groups[-1][-1].started_at < apart:
            groups[-1].append(session)
        else:
            groups.append([session])
    first_days = [group[0].day(zone) for group in groups]
    return tuple(
        SessionWindow(tuple(group), first, group[-1].day(zone), following)
        for group, first, following in zip_longest(groups, first_days, first_days[1:])
    )


Mornings = Mapping[date, int]
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SessionEffect:
    """Levels in points of the instrument; `effect` is `pre` minus `nadir`, positive is better.

    `is_floor`: `pre` is so low that there is little to gain. `observed_days`: days of the window
    with a value.
    """

    pre: Fraction | None
    is_floor: bool
    nadir: int | Fraction | None
    nadir_on: date | None
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
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> SessionEffect:
    """Return the effect of a window from the day values (ascending) of a symptom scale.

    `pre`: mean of the values on the 3 mood days before the first session; without any, what was
    answered on its own day before it began (`mornings`). Nadir: the lowest value on days 1 to 7
    after the last session and before the next one, which needs 2 observed days; the first such day.
    """
    limits = thresholds.session
    before_days = thresholds.measures.session.before_days
    pre = _pre(window, values, mornings or {}, before_days)
    after = _days_after(window, values, limits.nadir_days)
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


def morning_values(entries: Sequence[SeriesEntry], windows: Sequence[SessionWindow]) -> Mornings:
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
    before_days: int,
) -> Fraction | None:
    opens = window.first_day - timedelta(days=before_days)
    before = between(values, opens, window.first_day - _ONE_DAY)
    if before:
        return mean([value.value for value in before])
    morning = mornings.get(window.first_day)
    return None if morning is None else Fraction(morning)


def _days_after(
    window: SessionWindow, values: Sequence[DayValue], nadir_days: int
) -> Sequence[DayValue]:
    last = window.last_day + timedelta(days=nadir_days)
    if window.next_day is not None:
        last = min(last, window.next_day - _ONE_DAY)
    return between(values, window.last_day + _ONE_DAY, last)
