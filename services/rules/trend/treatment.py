"""Everything in the report of one instrument that its sessions make."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from fractions import Fraction

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import DayValue, Entry
from services.rules.figures.baseline import baseline_anchor, begun_courses
from services.rules.figures.effect_duration import (
    Duration,
    EffectDuration,
    duration,
    effect_duration,
)
from services.rules.figures.numbers import TREND_THRESHOLDS, TrendThresholds
from services.rules.figures.onset import Onset, onset
from services.rules.figures.session_effect import (
    SessionEffect,
    SessionWindow,
    morning_values,
    session_effect,
    session_windows,
)
from services.rules.trend.course_response import CourseResponse, course_response, relapses
from services.rules.worsening.return_of_symptoms import Relapse, after_first_session

TWO_WEEKS = "phq9"
# Higher is better on the mood slider: a nadir would be its worst day.
NOT_OF_SYMPTOMS = frozenset({"mood"})


@dataclass(frozen=True, slots=True)
class SessionFigures:
    """One session: the `number`-th of its course, and the figures of the window it stands in."""

    session: Session
    number: int
    window: SessionWindow
    effect: SessionEffect
    duration: Duration


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
    entries: Sequence[Entry],
    values: Sequence[DayValue],
    baseline: int | Fraction | None,
    treatment: Treatment,
    zone: tzinfo = UTC,
    thresholds: TrendThresholds = TREND_THRESHOLDS,
) -> TreatmentFigures:
    """Return the figures of the sessions that had started, from this instrument's own answers.

    `values` are its day values, ascending. Relapse and course response are of the two-week PHQ-9
    only, onset of it and the daily form; the mood slider has no session effects.
    """
    symptoms = () if instrument in NOT_OF_SYMPTOMS else values
    windows = session_windows(treatment.sessions, zone, thresholds.session)
    mornings = morning_values(entries if symptoms else (), windows)
    numbers = _numbers(treatment.sessions)
    sessions, durations = [], []
    for window in windows:
        effect = session_effect(window, symptoms, mornings, thresholds.session)
        held = duration(window, effect, symptoms, thresholds.session)
        durations.append(held)
        sessions += [
            SessionFigures(session, numbers[session.id], window, effect, held)
            for session in window.sessions
        ]
    anchor = baseline_anchor(treatment, zone, thresholds.baseline)
    of_course = values if instrument == TWO_WEEKS else ()
    readings = after_first_session(of_course, treatment, zone, thresholds.baseline)
    found = relapses(readings, baseline)
    return TreatmentFigures(
        sessions=tuple(sessions),
        effect_duration=effect_duration(durations, thresholds.session),
        onset=onset(instrument, entries, values, baseline, anchor.session, zone, thresholds)
        if anchor
        else None,
        course=_course(instrument, readings, found, baseline, treatment, zone, thresholds),
        relapse=found[-1] if found else None,
    )


def _numbers(sessions: Sequence[Session]) -> dict[str, int]:
    """The place of each session in its course, from 1."""
    counted: Counter[str] = Counter()
    numbers = {}
    for session in sessions:
        counted[session.course_id] += 1
        numbers[session.id] = counted[session.course_id]
    return numbers


def _course(
    instrument: str,
    readings: Sequence[DayValue],
    found: Sequence[Relapse],
    baseline: int | Fraction | None,
    treatment: Treatment,
    zone: tzinfo,
    thresholds: TrendThresholds,
) -> CourseFigures | None:
    begun = begun_courses(treatment)
    if not begun:
        return None
    course, sessions = begun[-1]
    response = None
    if instrument == TWO_WEEKS:
        response = course_response(readings, found, baseline, treatment, zone, thresholds)
    return CourseFigures(course, sessions, response)
