"""Which session a patient's baseline stands before: the first of a course, or of an earlier one.

A course that follows soon on another is read against the level before the first of them: what
lies between them is treated time. After a long gap, or when a clinician asks, it starts anew.
"""

import datetime as dt
from dataclasses import dataclass

from services.rules.treatment import Course, Session, Treatment
from services.rules.trend_thresholds import TREND_THRESHOLDS, BaselineThresholds


@dataclass(frozen=True, slots=True)
class Anchor:
    """The first session that a baseline is taken before; `after`: the treated time that came
    before it ended with this session, None when the patient was untreated.
    """

    session: Session
    after: Session | None = None


def begun_courses(treatment: Treatment) -> tuple[tuple[Course, tuple[Session, ...]], ...]:
    """Return the courses that have a session, with their sessions, by their first; ties by id."""
    found = [(course, treatment.of_course(course.id)) for course in treatment.courses]
    begun = [(course, sessions) for course, sessions in found if sessions]
    return tuple(sorted(begun, key=lambda pair: (pair[1][0].started_at, pair[0].id)))


def baseline_anchor(
    treatment: Treatment,
    zone: dt.tzinfo = dt.UTC,
    limits: BaselineThresholds = TREND_THRESHOLDS.baseline,
) -> Anchor | None:
    """Return what the baseline of the newest begun course stands before; None before any session.

    The sessions are those that had started. A course that begins at most 90 mood days after the
    last session of those before it keeps their baseline, unless it has `new_baseline`.
    """
    anchor: Anchor | None = None
    last: Session | None = None
    for course, sessions in begun_courses(treatment):
        if last is None or course.new_baseline or _gap(last, sessions[0], zone) > limits.keep_days:
            anchor = Anchor(sessions[0], last)
        newest = sessions[-1]
        last = newest if last is None or newest.started_at > last.started_at else last
    return anchor


def _gap(last: Session, first: Session, zone: dt.tzinfo) -> int:
    return (first.day(zone) - last.day(zone)).days
