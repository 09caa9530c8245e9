"""Rule M5: worse in the days after a session than in those before it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.courses import Treatment
from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.figures.session_effect import Mornings, SessionWindow, last_window
from services.rules.statistics import as_number, mean
from services.rules.worsening.numbers import (
    COURSE_RULE_THRESHOLDS,
    CourseRuleThresholds,
    M5Thresholds,
)

Reason = Literal["no_session", "outside_window", "no_day_before"]


def m5(
    values: Sequence[DayValue],
    treatment: Treatment,
    zone: tzinfo,
    mornings: Mornings | None = None,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> Decision:
    """Decide M5 at the newest day value (0-27), for the last of the sessions that had begun.

    It holds when the newest value lies on mood days 1-3 after the session and the highest of these
    days is at least 5 above the mean of the values on the 3 mood days before it, or, without any,
    above what was answered on its own day before it (`mornings`, see `session_effect`). Sessions
    less than 48 h apart are one: before the first, after the last; `about` is the first. The next
    session ends the window, since from then on it is the last one.
    """
    limits, measures = thresholds.m5, thresholds.measures
    ordered = sorted(values, key=lambda value: value.day)
    window, before, after = None, [], []
    if treatment.sessions:
        window = last_window(treatment.sessions, zone, measures.session)
        before = _before(ordered, window, mornings or {}, measures.session.before_days)
        after = _after(ordered, window, limits)
    level = mean(before) if len(before) >= limits.before_min_days else None
    highest = max(after, default=None)
    rise = None if level is None or highest is None else highest - level
    met = rise is not None and rise >= measures.change.mcid_points
    return Decision.with_tier(
        rule="M5",
        rule_version=thresholds.version,
        tier=Tier.MEDIUM if met else None,
        inputs={
            "on": ordered[-1].day.isoformat() if ordered else None,
            "reason": _reason(after, level) if window else "no_session",
            "session_on": window.last_day.isoformat() if window else None,
            "sessions": len(window.sessions) if window else 0,
            "before_days": len(before),
            "before": _number(level),
            "after_days": len(after),
            "highest": _number(highest),
            "rise": _number(rise),
            "rise_limit": measures.change.mcid_points,
        },
        about=window.sessions[0].id if window else None,
    )


def _before(
    ordered: Sequence[DayValue],
    window: SessionWindow,
    mornings: Mornings,
    before_days: int,
) -> list[int | Fraction]:
    first = window.first_day
    before = [v.value for v in ordered if 1 <= (first - v.day).days <= before_days]
    return before or [total for day, total in mornings.items() if day == first]


def _after(
    ordered: Sequence[DayValue], window: SessionWindow, limits: M5Thresholds
) -> list[int | Fraction]:
    """The values of the days so far; none once the newest lies beyond the window."""
    if not ordered or window.days_after(ordered[-1].day) > limits.after_days:
        return []
    return [value.value for value in ordered if window.days_after(value.day) >= 1]


def _reason(after: Sequence[int | Fraction], level: Fraction | None) -> Reason | None:
    """What keeps the rule from being decided after a session; None when it can be."""
    if not after:
        return "outside_window"
    return "no_day_before" if level is None else None


def _number(value: int | Fraction | None) -> int | float | None:
    return None if value is None else as_number(value)
