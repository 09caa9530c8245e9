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
from operator import attrgetter
from typing import Literal

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import DayValue, SeriesEntry, value_rule
from services.rules.figures.baseline import baseline_anchor, begun_courses
from services.rules.figures.onset import Onset, onset
from services.rules.figures.session_effect import (
    Duration,
    EffectDuration,
    SessionEffect,
    SessionWindow,
    duration,
    effect_duration,
    morning_values,
    session_effect,
    session_windows,
)
from services.rules.instruments.definition import instrument as known_instrument
from services.rules.measures import MEASURES, Change
from services.rules.statistics import Exact
from services.rules.trend.numbers import REPORT_NUMBERS, ReportNumbers
from services.rules.worsening.numbers import COURSE_RULE_THRESHOLDS, CourseRuleThresholds
from services.rules.worsening.return_of_symptoms import Relapse, after_first_session, relapse

TWO_WEEKS = "phq9"

_DAY = attrgetter("day")

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
    """`onset` after the session that the baseline stands before; `relapses` since, in their order
    (in the first edition the newest alone).
    """

    sessions: tuple[SessionFigures, ...]
    effect_duration: EffectDuration
    onset: Onset | None
    course: CourseFigures | None
    relapses: tuple[Relapse, ...]

    @property
    def relapse(self) -> Relapse | None:
        """The one that leads: the first, at which a response ends."""
        return self.relapses[0] if self.relapses else None


def treatment_figures(
    instrument: str,
    entries: Sequence[SeriesEntry],
    values: Sequence[DayValue],
    baseline: Exact | None,
    treatment: Treatment,
    zone: tzinfo = UTC,
    numbers: ReportNumbers = REPORT_NUMBERS,
) -> TreatmentFigures:
    """Return the figures of the sessions that had started, from this instrument's own answers.

    `values` are its day values, ascending. Relapse and course response are of the two-week PHQ-9
    only, onset of it and the daily form.
    """
    figures, measures = numbers.figures, numbers.measures
    worse = known_instrument(instrument).worse
    # The first edition knew no direction, and gave no effects where higher is better.
    followed = () if figures.is_first_edition and worse < 0 else values
    windows = session_windows(treatment.sessions, zone, measures.session)
    mornings = morning_values(entries if followed else (), windows, value_rule(instrument))
    places = _places(treatment.sessions)
    sessions, durations = [], []
    for window in windows:
        effect = session_effect(window, followed, mornings, figures, worse)
        lasted = duration(window, effect, followed, figures)
        durations.append(lasted)
        sessions += [
            SessionFigures(session, session.day(zone), places[session.id], window, effect, lasted)
            for session in window.sessions
        ]
    anchor = baseline_anchor(treatment, zone, measures.baseline)
    of_course = values if instrument == TWO_WEEKS else ()
    readings = after_first_session(of_course, treatment, zone, measures.baseline)
    found = relapses(readings, baseline, numbers.course_rules)
    begun = begun_courses(treatment)
    response = None
    if instrument == TWO_WEEKS:
        response = course_response(readings, found, baseline, begun, zone, measures.change)
    return TreatmentFigures(
        sessions=tuple(sessions),
        effect_duration=effect_duration(durations, figures.session),
        onset=onset(instrument, entries, values, baseline, anchor.session, zone, figures)
        if anchor
        else None,
        course=CourseFigures(*begun[-1], response) if begun else None,
        relapses=found[-1:] if figures.is_first_edition else found,
    )


def _places(sessions: Sequence[Session]) -> dict[str, int]:
    """The place of each session in its course, from 1."""
    counted: Counter[str] = Counter()
    places = {}
    for session in sessions:
        counted[session.course_id] += 1
        places[session.id] = counted[session.course_id]
    return places


def course_response(
    readings: Sequence[DayValue],
    found: Sequence[Relapse],
    baseline: Exact | None,
    begun: Sequence[tuple[Course, tuple[Session, ...]]],
    zone: tzinfo = UTC,
    change: Change = MEASURES.newest.change,
) -> CourseResponse:
    """Return the response duration of the newest induction course.

    `readings` are day values of the two-week PHQ-9 (ascending) after the session that the baseline
    stands before, and `found` their `relapses`; `begun` the `begun_courses`. Maintenance sessions
    do not end the follow-up.
    """
    inductions = [sessions for course, sessions in begun if course.phase == "induction"]
    if not inductions:
        return CourseResponse("unknown")
    since = inductions[-1][-1].day(zone)
    after = readings[bisect_right(readings, since, key=_DAY) :]
    if baseline is None or baseline < change.percent_from_baseline or not after:
        return CourseResponse("unknown", since=since)
    lost = next((one for one in found if one.on > since), None)
    if lost is not None:
        return CourseResponse("observed", (lost.on - since).days, since, lost)
    newest = found[-1].confirmed_on if found else date.min
    for reading in readings:
        value = reading.value
        is_response = value < change.remission_below or change.is_response(baseline, value)
        if reading.day > newest and is_response:
            return CourseResponse("censored", (after[-1].day - since).days, since)
    return CourseResponse("no_response", since=since)


def relapses(
    readings: Sequence[DayValue],
    baseline: Exact | None,
    thresholds: CourseRuleThresholds = COURSE_RULE_THRESHOLDS,
) -> tuple[Relapse, ...]:
    """Return every return of symptoms among the readings (ascending): each needs a response of its
    own after the one before it.
    """
    level = None if baseline is None else Fraction(baseline)
    found: list[Relapse] = []
    while (lost := relapse(readings, level, thresholds)) is not None:
        found.append(lost)
        readings = readings[bisect_right(readings, lost.confirmed_on, key=_DAY) :]
    return tuple(found)
