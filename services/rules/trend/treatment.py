"""Everything in the report of one instrument that its sessions make: what each did, how long it
lasted, and how long the response to the course did.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import DayValue, SeriesEntry
from services.rules.figures.baseline import baseline_anchor, begun_courses
from services.rules.figures.effect_duration import (
    Duration,
    EffectDuration,
    duration,
    effect_duration,
)
from services.rules.figures.onset import Onset, onset
from services.rules.figures.session_effect import (
    SessionEffect,
    SessionWindow,
    morning_values,
    session_effect,
    session_windows,
)
from services.rules.measures import MEASURES, Change
from services.rules.trend.numbers import REPORT_NUMBERS, ReportNumbers
from services.rules.worsening.numbers import COURSE_RULE_THRESHOLDS, CourseRuleThresholds
from services.rules.worsening.return_of_symptoms import Relapse, after_first_session, relapse

TWO_WEEKS = "phq9"
# Higher is better on the mood slider: a nadir would be its worst day.
NOT_OF_SYMPTOMS = frozenset({"mood"})

ResponseStatus = Literal["observed", "censored", "no_response", "unknown"]


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session on its mood day: the `number`-th of its course, and the figures of the window it
    stands in.
    """

    session: Session
    day: date
    number: int
    window: SessionWindow
    effect: SessionEffect
    duration: Duration


@dataclass(frozen=True, slots=True)
class CourseResponse:
    """Days from the last induction session (`since`) to the relapse, or, while `censored`, to the
    last reading. `unknown`: no induction, no baseline of 10, or no reading after that session.
    """

    status: ResponseStatus
    days: int | None = None
    since: date | None = None
    relapse: Relapse | None = None


@dataclass(frozen=True, slots=True)
class CourseFigures:
    """The course that began last, with its sessions so far; `response` of the two-week PHQ-9."""

    course: Course
    sessions: tuple[Session, ...]
    response: CourseResponse | None


@dataclass(frozen=True, slots=True)
class TreatmentFigures:
    """`onset` after the session that the baseline stands before; `relapse`: the newest since."""

    sessions: tuple[SessionFigures, ...]
    effect_duration: EffectDuration
    onset: Onset | None
    course: CourseFigures | None
    relapse: Relapse | None


def treatment_figures(
    instrument: str,
    entries: Sequence[SeriesEntry],
    values: Sequence[DayValue],
    baseline: int | Fraction | None,
    treatment: Treatment,
    zone: tzinfo = UTC,
    numbers: ReportNumbers = REPORT_NUMBERS,
) -> TreatmentFigures:
    """Return the figures of the sessions that had started, from this instrument's own answers.

    `values` are its day values, ascending. Relapse and course response are of the two-week PHQ-9
    only, onset of it and the daily form; the mood slider has no session effects.
    """
    symptoms = () if instrument in NOT_OF_SYMPTOMS else values
    figures, measures = numbers.figures, numbers.measures
    windows = session_windows(treatment.sessions, zone, measures.session)
    mornings = morning_values(entries if symptoms else (), windows)
    places = _places(treatment.sessions)
    sessions, durations = [], []
    for window in windows:
        effect = session_effect(window, symptoms, mornings, figures)
        lasted = duration(window, effect, symptoms, figures)
        durations.append(lasted)
        sessions += [
            SessionFigures(session, session.day(zone), places[session.id], window, effect, lasted)
            for session in window.sessions
        ]
    anchor = baseline_anchor(treatment, zone, measures.baseline)
    of_course = values if instrument == TWO_WEEKS else ()
    readings = after_first_session(of_course, treatment, zone, measures.baseline)
    found = relapses(readings, baseline, numbers.course_rules)
    return TreatmentFigures(
        sessions=tuple(sessions),
        effect_duration=effect_duration(durations, figures.session),
        onset=onset(instrument, entries, values, baseline, anchor.session, zone, figures)
        if anchor
        else None,
        course=_course(instrument, readings, found, baseline, treatment, zone, measures.change),
        relapse=found[-1] if found else None,
    )


def _places(sessions: Sequence[Session]) -> dict[str, int]:
    """The place of each session in its course, from 1."""
    counted: Counter[str] = Counter()
    places = {}
    for session in sessions:
        counted[session.course_id] += 1
        places[session.id] = counted[session.course_id]
    return places


def _course(
    instrument: str,
    readings: Sequence[DayValue],
    found: Sequence[Relapse],
    baseline: int | Fraction | None,
    treatment: Treatment,
    zone: tzinfo,
    change: Change,
) -> CourseFigures | None:
    begun = begun_courses(treatment)
    if not begun:
        return None
    course, sessions = begun[-1]
    response = None
    if instrument == TWO_WEEKS:
        response = course_response(readings, found, baseline, treatment, zone, change)
    return CourseFigures(course, sessions, response)


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
    change: Change = MEASURES.newest.change,
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
    if baseline is None or baseline < change.percent_from_baseline or not after:
        return CourseResponse("unknown", since=since)
    lost = next((one for one in found if one.on > since), None)
    if lost is not None:
        return CourseResponse("observed", (lost.on - since).days, since, lost)
    newest = found[-1].confirmed_on if found else date.min
    since_then = [reading.value for reading in readings if reading.day > newest]
    if not any(_responds(baseline, value, change) for value in since_then):
        return CourseResponse("no_response", since=since)
    return CourseResponse("censored", (after[-1].day - since).days, since)


def relapses(
    readings: Sequence[DayValue],
    baseline: int | Fraction | None,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> tuple[Relapse, ...]:
    """Return every return of symptoms among the readings (ascending): each needs a response of its
    own after the one before it.
    """
    level = None if baseline is None else Fraction(baseline)
    found: list[Relapse] = []
    while (lost := relapse(readings, level, thresholds)) is not None:
        found.append(lost)
        readings = readings[bisect_right(readings, lost.confirmed_on, key=_day) :]
    return tuple(found)


def _responds(baseline: int | Fraction, value: int | Fraction, change: Change) -> bool:
    return value < change.remission_below or change.is_response(baseline, value)


def _day(reading: DayValue) -> date:
    return reading.day
