"""How long a response held after the last session of an induction course."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import DayValue
from services.rules.figures.baseline import begun_courses
from services.rules.figures.numbers import TREND_THRESHOLDS, TrendThresholds
from services.rules.figures.status import is_response
from services.rules.worsening.return_of_symptoms import Relapse, relapse

ResponseStatus = Literal["observed", "censored", "no_response", "unknown"]


@dataclass(frozen=True, slots=True)
class CourseResponse:
    """Days from the last induction session (`since`) to the relapse, or, while `censored`, to the
    last reading. `unknown`: no induction, no baseline of 10, or no reading after that session.
    """

    status: ResponseStatus
    days: int | None = None
    since: date | None = None
    relapse: Relapse | None = None


def newest_induction(treatment: Treatment) -> tuple[Course, tuple[Session, ...]] | None:
    """Return the induction course that began last, with its sessions."""
    begun = [pair for pair in begun_courses(treatment) if pair[0].phase == "induction"]
    return begun[-1] if begun else None


def course_response(
    readings: Sequence[DayValue],
    found: Sequence[Relapse],
    baseline: int | Fraction | None,
    treatment: Treatment,
    zone: tzinfo = UTC,
    thresholds: TrendThresholds = TREND_THRESHOLDS,
) -> CourseResponse:
    """Return the response duration of the newest induction course.

    `readings` are day values of the two-week PHQ-9 (ascending) after the session that the baseline
    stands before, and `found` their `relapses`; `treatment` holds the sessions that had started.
    Maintenance sessions do not end the follow-up.
    """
    induction = newest_induction(treatment)
    if induction is None:
        return CourseResponse("unknown")
    since = induction[1][-1].day(zone)
    after = readings[bisect_right(readings, since, key=_day) :]
    if baseline is None or baseline < thresholds.status.percent_from_baseline or not after:
        return CourseResponse("unknown", since=since)
    lost = next((one for one in found if one.on > since), None)
    if lost is not None:
        return CourseResponse("observed", (lost.on - since).days, since, lost)
    newest = found[-1].confirmed_on if found else date.min
    held = [reading.value for reading in readings if reading.day > newest]
    if not any(_responds(baseline, value, thresholds) for value in held):
        return CourseResponse("no_response", since=since)
    return CourseResponse("censored", (after[-1].day - since).days, since)


def relapses(readings: Sequence[DayValue], baseline: int | Fraction | None) -> tuple[Relapse, ...]:
    """Return every return of symptoms among the readings (ascending): each needs a response of its
    own after the one before it.
    """
    level = None if baseline is None else Fraction(baseline)
    found: list[Relapse] = []
    while (lost := relapse(readings, level)) is not None:
        found.append(lost)
        readings = readings[bisect_right(readings, lost.confirmed_on, key=_day) :]
    return tuple(found)


def _responds(baseline: int | Fraction, value: int | Fraction, thresholds: TrendThresholds) -> bool:
    return value < thresholds.status.remission_below or is_response(
        baseline, value, thresholds.status
    )


def _day(reading: DayValue) -> date:
    return reading.day
