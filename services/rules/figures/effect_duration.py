"""How long a session's effect held, and the median over sessions of which some are unfinished."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Literal

from services.rules.day_series import DayValue
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers, SessionLimits
from services.rules.figures.session_effect import SessionEffect, SessionWindow
from services.rules.figures.windows import between
from services.rules.statistics import FollowUpSpan, Step, kaplan_meier, median_days

DurationStatus = Literal["observed", "interval_censored", "censored", "no_effect", "unknown"]
CensoredBy = Literal["next_session", "last_entry"]

FOLLOWED: frozenset[DurationStatus] = frozenset({"observed", "interval_censored", "censored"})
LOST: frozenset[DurationStatus] = frozenset({"observed", "interval_censored"})
_ONE_DAY = timedelta(days=1)


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
class EffectDuration:
    """All windows of a report: `n` were followed, `events` of them to the loss of the effect.

    `curve` and `median` are empty with fewer than 3 followed; `median` also while more than half
    still hold. `no_effect` and `unknown` count the windows left out, which have no duration.
    """

    n: int
    events: int
    censored: int
    no_effect: int
    unknown: int
    median: int | None
    curve: tuple[Step, ...]


def duration(
    window: SessionWindow,
    effect: SessionEffect,
    values: Sequence[DayValue],
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> Duration:
    """Return how long the effect held, from day values (ascending).

    It ends on the first of 2 consecutive observed days, after the nadir and before the next
    session, that stand above `pre` minus half of the gain; a gap of 3 missing days parts them. A
    gap of 4 missing days before that day leaves an interval.
    """
    if effect.pre is None or effect.nadir is None or effect.nadir_on is None:
        return Duration("unknown")
    if effect.nadir >= effect.pre:
        return Duration("no_effect")
    limits, gap_days = thresholds.session, thresholds.measures.missing_days.gap_days
    limit = effect.pre - Fraction(limits.lost_percent, 100) * (effect.pre - effect.nadir)
    last = date.max if window.next_day is None else window.next_day - _ONE_DAY
    seen = between(values, effect.nadir_on, last)
    for before, day, confirming in zip(seen, seen[1:], seen[2:], strict=False):
        consecutive = _missed(day.day, confirming.day) < gap_days
        if day.value > limit and confirming.value > limit and consecutive:
            return _lost(window, before.day, day.day, limits)
    return _censored(window, seen[-1].day, limits)


def effect_duration(
    durations: Sequence[Duration], limits: SessionLimits = FIGURE_NUMBERS.session
) -> EffectDuration:
    """Return the Kaplan-Meier estimate over windows, one duration each.

    A loss within an interval enters on its last day: that is when it was seen, which is also how
    losses are dated where the days are close together.
    """
    spans = [
        FollowUpSpan(one.days, one.status in LOST)
        for one in durations
        if one.status in FOLLOWED and one.days is not None
    ]
    by_status = Counter(one.status for one in durations)
    curve = kaplan_meier(spans) if len(spans) >= limits.median_min_sessions else ()
    events = sum(span.is_event for span in spans)
    return EffectDuration(
        n=len(spans),
        events=events,
        censored=len(spans) - events,
        no_effect=by_status["no_effect"],
        unknown=by_status["unknown"],
        median=median_days(curve),
        curve=curve,
    )


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
