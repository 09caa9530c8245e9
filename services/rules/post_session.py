"""Rule M5: worse in the days after a session than in those before it."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from typing import Literal

from services.rules.course_rule_thresholds import (
    COURSE_RULE_THRESHOLDS,
    CourseRuleThresholds,
    M5Thresholds,
)
from services.rules.day_series import DayValue
from services.rules.rule_decision import RuleDecision
from services.rules.statistics import as_number, mean
from services.rules.treatment import Session, Treatment

Reason = Literal["no_session", "outside_window", "no_day_before"]


def m5(
    values: Sequence[DayValue],
    treatment: Treatment,
    zone: dt.tzinfo,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> RuleDecision:
    """Decide M5 at the newest day value (0-27), for the last of the sessions that had begun.

    It holds when the newest value lies on mood days 1-3 after the session and the highest of these
    days is at least 5 above the mean of the values on the 3 mood days before it. Sessions less than
    48 h apart are one: before the first, after the last; `about` is the first. The next session
    ends the window, since from then on it is the last one.
    """
    limits = thresholds.m5
    ordered = sorted(values, key=lambda value: value.day)
    together = _together(treatment.sessions, limits)
    before = _before(ordered, together, zone, limits)
    after = _after(ordered, together, zone, limits)
    level = mean([v.value for v in before]) if len(before) >= limits.before_min_days else None
    highest = max((value.value for value in after), default=None)
    rise = None if level is None or highest is None else highest - level
    holds = rise is not None and rise >= limits.rise
    return RuleDecision(
        rule="M5",
        rule_version=thresholds.version,
        fired=holds,
        holds=holds,
        severity="medium" if holds else None,
        inputs={
            "on": ordered[-1].day.isoformat() if ordered else None,
            "reason": _reason(together, after, level),
            "session_on": together[-1].day(zone).isoformat() if together else None,
            "sessions": len(together),
            "before_days": len(before),
            "before": _number(level),
            "after_days": len(after),
            "highest": _number(highest),
            "rise": _number(rise),
            "rise_limit": limits.rise,
        },
        about=together[0].id if together else None,
    )


def _together(sessions: Sequence[Session], limits: M5Thresholds) -> list[Session]:
    """The last session with those before it, each less than 48 h from the next."""
    apart = dt.timedelta(hours=limits.shared_within_hours)
    found = list(sessions[-1:])
    for earlier, later in reversed(list(pairwise(sessions))):
        if later.started_at - earlier.started_at >= apart:
            break
        found.insert(0, earlier)
    return found


def _before(
    ordered: Sequence[DayValue],
    together: Sequence[Session],
    zone: dt.tzinfo,
    limits: M5Thresholds,
) -> list[DayValue]:
    if not together:
        return []
    first_day = together[0].day(zone)
    return [v for v in ordered if 1 <= (first_day - v.day).days <= limits.before_days]


def _after(
    ordered: Sequence[DayValue],
    together: Sequence[Session],
    zone: dt.tzinfo,
    limits: M5Thresholds,
) -> list[DayValue]:
    """The days of the window so far; none once the newest value lies beyond it."""
    if not together or not ordered:
        return []
    last_day = together[-1].day(zone)
    if (ordered[-1].day - last_day).days > limits.after_days:
        return []
    return [value for value in ordered if value.day > last_day]


def _reason(
    together: Sequence[Session], after: Sequence[DayValue], level: Fraction | None
) -> Reason | None:
    """What keeps the rule from being decided; None when it can be."""
    rows: tuple[tuple[bool, Reason], ...] = (
        (not together, "no_session"),
        (not after, "outside_window"),
        (level is None, "no_day_before"),
    )
    return next((reason for applies, reason in rows if applies), None)


def _number(value: int | Fraction | None) -> int | float | None:
    return None if value is None else as_number(value)
