"""Rule M4: the course has not helped so far, or nobody can tell whether it has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.courses import Product, Session, Treatment
from services.rules.day_series import DayValue
from services.rules.decision import Decision, Tier
from services.rules.figures.baseline import baseline_anchor
from services.rules.measures import BaselineLimits, Change
from services.rules.mood_days import mood_day_at
from services.rules.statistics import as_number
from services.rules.worsening.numbers import (
    COURSE_RULE_THRESHOLDS,
    CourseRuleThresholds,
    M4Thresholds,
)

Reason = Literal["no_session", "not_due", "no_baseline", "baseline_below_limit", "no_reading"]


@dataclass(frozen=True, slots=True)
class _Progress:
    """How far the course has got: `sessions` given, `days` since the first of them."""

    sessions: int
    sessions_limit: int | None
    days: int
    is_due: bool


def m4(
    readings: Sequence[DayValue],
    baseline: float | None,
    treatment: Treatment,
    zone: tzinfo,
    as_of: datetime,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> Decision:
    """Decide M4 at an instant, for the course of the last session begun by then.

    `about` is the course that the baseline stands before: a maintenance course that keeps the
    baseline of its induction is the same attempt, and its non-response is reported once.

    It holds from the 4th session (8th of esketamine; TMS and ECT: only by time) or from 28 days
    after the first, while the best two-week PHQ-9 (0-27) on a day after the first session is less
    than 25 % below a baseline of at least 10, and also while no baseline from before the treatment
    is known: then response cannot be judged. `inputs["reason"]` says why it cannot be decided.
    """
    limits, measures = thresholds.m4, thresholds.measures
    partial_percent = measures.change.partial_percent
    begun_by_now = treatment.until(as_of)
    begun = begun_by_now.sessions
    course = tuple(one for one in begun if one.course_id == begun[-1].course_id)
    today = mood_day_at(as_of, zone)
    progress = _progress(course, today, zone, limits)
    after = _after_first(readings, course, today, zone)
    best = min((reading.value for reading in after), default=None)
    percent = measures.change.percent(baseline, best)
    reason = _reason(progress, baseline, best, measures.change)
    is_missed = reason is None and percent is not None and percent < partial_percent
    met = is_missed or reason == "no_baseline"
    return Decision.with_tier(
        rule="M4",
        rule_version=thresholds.version,
        tier=Tier.MEDIUM if met else None,
        inputs={
            "on": today.isoformat(),
            "reason": reason,
            "sessions": progress.sessions if progress else 0,
            "sessions_limit": progress.sessions_limit if progress else None,
            "days_since_first": progress.days if progress else None,
            "baseline": baseline,
            "readings": len(after),
            "best": None if best is None else as_number(best),
            "best_percent": None if percent is None else as_number(percent),
            "percent_limit": partial_percent,
        },
        about=_about(begun_by_now, zone, measures.baseline),
    )


def due_by_time_on(first_day: date, thresholds: CourseRuleThresholds) -> date:
    """Return the mood day from which M4 is due, however few sessions followed the first."""
    return first_day + timedelta(days=thresholds.m4.after_days)


def _about(begun: Treatment, zone: tzinfo, limits: BaselineLimits) -> str | None:
    anchor = baseline_anchor(begun, zone, limits)
    return None if anchor is None else anchor.session.course_id


def _progress(
    course: Sequence[Session], today: date, zone: tzinfo, limits: M4Thresholds
) -> _Progress | None:
    if not course:
        return None
    limit = _sessions_limit(course[-1].product, limits)
    days = (today - course[0].day(zone)).days
    is_due = days >= limits.after_days or (limit is not None and len(course) >= limit)
    return _Progress(len(course), limit, days, is_due)


def _sessions_limit(product: Product, limits: M4Thresholds) -> int | None:
    """TMS and ECT are given daily or nearly so: their first sessions are the first days."""
    by_product: dict[Product, int] = {
        "ketamine": limits.ketamine_sessions,
        "esketamine": limits.esketamine_sessions,
        "other": limits.other_sessions,
    }
    return by_product.get(product)


def _after_first(
    readings: Sequence[DayValue], course: Sequence[Session], today: date, zone: tzinfo
) -> list[DayValue]:
    if not course:
        return []
    first_day = course[0].day(zone)
    return [reading for reading in readings if first_day < reading.day <= today]


def _reason(
    progress: _Progress | None,
    baseline: float | None,
    best: int | Fraction | None,
    change: Change,
) -> Reason | None:
    """What keeps the rule from being decided; None when it can be."""
    rows: tuple[tuple[bool, Reason], ...] = (
        (progress is None, "no_session"),
        (progress is not None and not progress.is_due, "not_due"),
        (baseline is None, "no_baseline"),
        (baseline is not None and baseline < change.percent_from_baseline, "baseline_below_limit"),
        (best is None, "no_reading"),
    )
    return next((reason for applies, reason in rows if applies), None)
