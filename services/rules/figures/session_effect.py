"""What one session did and how long it lasted: the level before it, the best day after it, the day
on which half of the difference was lost, and the median over sessions.

Sessions less than 48 hours apart cannot be distinguished by days, so they share one window: what
came before is read before the first of them, what follows is counted from the last.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from fractions import Fraction
from itertools import zip_longest
from typing import Literal

from services.rules.courses import Session
from services.rules.day_series import (
    DayValue,
    DayValueRule,
    SeriesEntry,
    values_of,
)
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers, SessionLimits
from services.rules.figures.windows import between
from services.rules.measures import MEASURES, SessionSpans
from services.rules.statistics import (
    Exact,
    FollowUpSpan,
    Step,
    kaplan_meier,
    mean,
    median_days,
    median_limits,
)

Mornings = Mapping[date, Exact]
DurationStatus = Literal["observed", "interval_censored", "censored", "no_effect", "unknown"]
CensoredBy = Literal["next_session", "last_entry"]

FOLLOWED: frozenset[DurationStatus] = frozenset({"observed", "interval_censored", "censored"})
LOST: frozenset[DurationStatus] = frozenset({"observed", "interval_censored"})
_ONE_DAY = timedelta(days=1)


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


def last_window(
    sessions: Sequence[Session],
    zone: tzinfo = UTC,
    limits: SessionSpans = MEASURES.newest.session,
) -> SessionWindow:
    """Return the last of `session_windows`, without the others; raises `IndexError` for none."""
    apart = timedelta(hours=limits.shared_hours)
    last = first = sessions[-1]
    place = len(sessions) - 1
    while place and first.started_at - sessions[place - 1].started_at < apart:
        place -= 1
        first = sessions[place]
    return SessionWindow(tuple(sessions[place:]), first.day(zone), last.day(zone), None)


@dataclass(frozen=True, slots=True)
class SessionEffect:
    """Levels in points of the instrument; `nadir` is the best day, and `effect` how far it lies
    from `pre`: positive is better, in the direction that `worse` tells.

    `is_floor`: `pre` is so low that there is little to gain. `observed_days`: days of the window
    with a value.
    """

    pre: Fraction | None
    is_floor: bool
    nadir: Exact | None
    nadir_on: date | None
    observed_days: int
    worse: int = 1

    @property
    def effect(self) -> Fraction | None:
        """Points gained, None unless both levels are known."""
        if self.pre is None or self.nadir is None:
            return None
        return self.worse * (self.pre - self.nadir)


def session_effect(
    window: SessionWindow,
    values: Sequence[DayValue],
    mornings: Mornings | None = None,
    thresholds: FigureNumbers = FIGURE_NUMBERS,
    worse: int = 1,
) -> SessionEffect:
    """Return the effect of a window from the day values (ascending) of an instrument.

    `pre`: mean of the values on the 3 mood days before the first session; without any, what was
    answered on its own day before it began (`mornings`). Nadir: the best value on days 1 to 7
    after the last session and before the next one, which needs 2 observed days; the first such day.
    `worse`: 1 where a higher value is worse, -1 where it is better; such a scale has no floor.
    """
    limits = thresholds.session
    before_days = thresholds.measures.session.before_days
    pre = _pre(window, values, mornings or {}, before_days)
    after = _days_after(window, values, limits.nadir_days)
    best = None
    if len(after) >= limits.nadir_min_days:
        best = min(after, key=lambda value: (worse * value.value, value.day))
    return SessionEffect(
        pre=pre,
        is_floor=worse > 0 and pre is not None and pre < limits.floor_below,
        nadir=best.value if best else None,
        nadir_on=best.day if best else None,
        observed_days=len(after),
        worse=worse,
    )


def morning_values(
    entries: Sequence[SeriesEntry], windows: Sequence[SessionWindow], rule: DayValueRule = "last"
) -> Mornings:
    """Return the value of each window's first day from what was answered before its session."""
    starts = {window.first_day: window.sessions[0].started_at for window in windows}
    before = [
        entry
        for entry in entries
        if entry.mood_day in starts and entry.recorded_at < starts[entry.mood_day]
    ]
    return {value.day: value.value for value in values_of(before, rule)}


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


@dataclass(frozen=True, slots=True)
class Duration:
    """Days from the window's last session until half of the gain was lost.

    `interval_censored`: lost between day `low` and day `high`, in which nobody answered; `days` is
    then `high`, the day on which it was seen. `censored`: it held for `days` at least.
    """

    status: DurationStatus
    days: int | None = None
    low: int | None = None
    high: int | None = None
    censored_by: CensoredBy | None = None


@dataclass(frozen=True, slots=True)
class EarliestLosses:
    """The curve on which each loss within an interval counts at its first day, with its median, and
    the interval (`percent`) of the median over both curves; an end is None where it is not reached.
    """

    median: int | None
    curve: tuple[Step, ...]
    percent: int
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class EffectDuration:
    """All windows of a report: `n` were followed, `events` of them to the loss of the effect.

    `curve` and `median` are empty with fewer than 3 followed; `median` also while more than half
    still hold. `no_effect` and `unknown` count the windows left out, which have no duration.
    `earliest`: the other bound; None in the first edition, which knew only one.
    """

    n: int
    events: int
    censored: int
    no_effect: int
    unknown: int
    median: int | None
    curve: tuple[Step, ...]
    earliest: EarliestLosses | None = None


def duration(
    window: SessionWindow,
    effect: SessionEffect,
    values: Sequence[DayValue],
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> Duration:
    """Return how long the effect held, from day values (ascending).

    It ends on the first of 2 consecutive observed days, after the nadir and before the next
    session, that have lost more than half of the gain; a gap of 3 missing days parts them. A gap
    of 4 missing days before that day leaves an interval.
    """
    if effect.pre is None or effect.nadir is None or effect.nadir_on is None:
        return Duration("unknown")
    if effect.effect is None or effect.effect <= 0:
        return Duration("no_effect")
    limits, gap_days = thresholds.session, thresholds.measures.missing_days.gap_days
    limit = effect.pre - Fraction(limits.lost_percent, 100) * (effect.pre - effect.nadir)
    last = date.max if window.next_day is None else window.next_day - _ONE_DAY
    seen = between(values, effect.nadir_on, last)
    for before, day, confirming in zip(seen, seen[1:], seen[2:], strict=False):
        consecutive = _missed(day.day, confirming.day) < gap_days
        lost = (effect.worse * (one.value - limit) > 0 for one in (day, confirming))
        if consecutive and all(lost):
            return _lost(window, before.day, day.day, limits)
    return _censored(window, seen[-1].day, limits)


def effect_duration(
    durations: Sequence[Duration], limits: SessionLimits = FIGURE_NUMBERS.session
) -> EffectDuration:
    """Return the Kaplan-Meier estimate over windows, one duration each.

    A loss within an interval enters `curve` on its last day, on which it was seen, and the other
    bound (`earliest`) on its first: the truth lies between the two curves.
    """
    followed = [one for one in durations if one.status in FOLLOWED and one.days is not None]
    spans = [FollowUpSpan(one.days or 0, one.status in LOST) for one in followed]
    by_status = Counter(one.status for one in durations)
    is_enough = len(spans) >= limits.median_min_sessions
    curve = kaplan_meier(spans) if is_enough else ()
    events = sum(span.is_event for span in spans)
    return EffectDuration(
        n=len(spans),
        events=events,
        censored=len(spans) - events,
        no_effect=by_status["no_effect"],
        unknown=by_status["unknown"],
        median=median_days(curve),
        curve=curve,
        earliest=_earliest(followed, curve, limits),
    )


def _earliest(
    followed: Sequence[Duration], curve: Sequence[Step], limits: SessionLimits
) -> EarliestLosses | None:
    if limits.interval_percent is None:
        return None
    firsts = [one.days if one.low is None else one.low for one in followed]
    spans = [
        FollowUpSpan(day or 0, one.status in LOST)
        for one, day in zip(followed, firsts, strict=True)
    ]
    earliest = kaplan_meier(spans) if curve else ()
    low, _ = median_limits(earliest, limits.interval_percent)
    _, high = median_limits(curve, limits.interval_percent)
    return EarliestLosses(median_days(earliest), earliest, limits.interval_percent, low, high)


def _lost(window: SessionWindow, before: date, day: date, limits: SessionLimits) -> Duration:
    days = window.days_after(day)
    if _missed(before, day) < limits.interval_gap_days:
        return Duration("observed", days)
    return Duration("interval_censored", days, low=window.days_after(before), high=days)


def _censored(window: SessionWindow, last_seen: date, limits: SessionLimits) -> Duration:
    # Nobody watched the days between a long silence and the next session.
    following = window.next_day
    if following is not None and _missed(last_seen, following) < limits.interval_gap_days:
        return Duration("censored", window.days_after(following), censored_by="next_session")
    return Duration("censored", window.days_after(last_seen), censored_by="last_entry")


def _missed(day: date, later: date) -> int:
    return (later - day).days - 1
