"""What is kept of a patient's courses, so that the cohort need not read their forms again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import Any, Final

from services.rules.cohort.course import CourseOutcome, Reading
from services.rules.cohort.numbers import COHORT_THRESHOLDS
from services.rules.statistics import FollowUpSpan

# The cohort's numbers, and those that they rest on.
NUMBERS: Final = "/".join(
    each.version
    for each in (COHORT_THRESHOLDS, COHORT_THRESHOLDS.figures, COHORT_THRESHOLDS.course_rules)
)


def as_kept(courses: Sequence[CourseOutcome]) -> list[list[Any]]:
    """A list of values a course, in the order of its fields."""
    return [
        [
            [one.product, one.route, one.phase, one.sessions, one.days],
            one.last_session_on.isoformat(),
            one.strict,
            one.fate,
            _kept_reading(one.baseline),
            _kept_reading(one.outcome),
            _kept_span(one.response_duration),
        ]
        for one in courses
    ]


def from_kept(kept: Sequence[Sequence[Any]]) -> tuple[CourseOutcome, ...]:
    """The same again."""
    return tuple(_course(*values) for values in kept)


def _course(about: Sequence[Any], last_on: str, *rest: Any) -> CourseOutcome:
    product, route, phase, sessions, days = about
    strict, fate, baseline, outcome, lasted = rest
    return CourseOutcome(
        product=product,
        route=route,
        phase=phase,
        sessions=sessions,
        days=days,
        last_session_on=date.fromisoformat(last_on),
        strict=strict,
        fate=fate,
        baseline=_reading(baseline),
        outcome=_reading(outcome),
        response_duration=None if lasted is None else FollowUpSpan(*lasted),
    )


def _kept_reading(reading: Reading | None) -> list[Any] | None:
    if reading is None:
        return None
    total = reading.total  # a fraction stays exact
    whole = total if isinstance(total, int) else str(total)
    return [reading.on.isoformat(), whole, reading.item9]


def _reading(kept: Sequence[Any] | None) -> Reading | None:
    if kept is None:
        return None
    on, total, item9 = kept
    exact = total if isinstance(total, int) else Fraction(total)
    return Reading(date.fromisoformat(on), exact, item9)


def _kept_span(span: FollowUpSpan | None) -> list[Any] | None:
    return None if span is None else [span.days, span.is_event]
