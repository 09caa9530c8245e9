"""Where a patient stands between treatments: wearing off, due for maintenance.

It follows from rows alone, never from the clock, so that what is cached can be computed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo

from services.rules.courses import Treatment
from services.rules.day_series import DayValue, SeriesEntry
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers
from services.rules.figures.session_effect import (
    LOST,
    duration,
    last_window,
    morning_values,
    session_effect,
)


@dataclass(frozen=True, slots=True)
class TreatmentStanding:
    """`sessions_in_course`: of the last session's course so far. `wearing_off_on`: the mood day on
    which half of the last session's gain was lost. `maintenance_due_on`: a mood day.
    """

    last_session_id: str | None = None
    last_session_at: datetime | None = None
    sessions_in_course: int = 0
    wearing_off_on: date | None = None
    maintenance_due_on: date | None = None


UNTREATED_STANDING = TreatmentStanding()


def standing(
    values: Sequence[DayValue],
    treatment: Treatment,
    zone: tzinfo = UTC,
    entries: Sequence[SeriesEntry] = (),
    thresholds: FigureNumbers = FIGURE_NUMBERS,
) -> TreatmentStanding:
    """Return the standing as of the last entry.

    `values` are day values of the daily form (0-27, ascending), of which those from 3 days before
    the last session's window on are enough; `treatment` holds the sessions that had started when
    the newest row was written (`Treatment.until`); `entries` are those of the values, needed only
    for what was answered on the day of a session before it began.
    """
    if not treatment.sessions:
        return UNTREATED_STANDING
    last = treatment.sessions[-1]
    return TreatmentStanding(
        last_session_id=last.id,
        last_session_at=last.started_at,
        sessions_in_course=len(treatment.of_course(last.course_id)),
        wearing_off_on=_wearing_off_on(values, treatment, zone, entries, thresholds),
        maintenance_due_on=_maintenance_due_on(treatment, last.day(zone)),
    )


def _wearing_off_on(
    values: Sequence[DayValue],
    treatment: Treatment,
    zone: tzinfo,
    entries: Sequence[SeriesEntry],
    thresholds: FigureNumbers,
) -> date | None:
    window = last_window(treatment.sessions, zone, thresholds.measures.session)
    mornings = morning_values(entries, [window])
    effect = session_effect(window, values, mornings, thresholds)
    if effect.is_floor:
        return None  # there was little to gain, so half of it is nothing to lose
    lasted = duration(window, effect, values, thresholds)
    if lasted.status not in LOST or lasted.days is None:
        return None
    return window.last_day + timedelta(days=lasted.days)


def _maintenance_due_on(treatment: Treatment, last_day: date) -> date | None:
    """The interval of the maintenance course that began last, unless it has ended by then."""
    planned = [
        (course.started_on, course.id, course.maintenance_interval_days, course.ended_on)
        for course in treatment.courses
        if course.phase == "maintenance" and course.maintenance_interval_days is not None
    ]
    if not planned:
        return None
    _, _, interval, ended_on = max(planned, key=lambda plan: plan[:2])
    due_on = last_day + timedelta(days=interval or 0)
    return due_on if ended_on is None or due_on <= ended_on else None
