"""What one course of treatment contributes to the cohort outcomes of a clinic.

The unit is a course with at least one session. Its outcome is the last complete two-week PHQ-9
14-31 mood days after its last session and before any further session of the patient, against the
baseline of the course (report formulas, 5.3). A course without one is counted by why, never left
out. Published counterpart: McInnes 2022 (clinical reference 2.4).

How long a response lasted: time starts at the first response reading after the last session of the
course. It ends at the loss of the response by rule M3, or is censored at the last form before any
further session: what nobody asked about is not counted as lasting.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from fractions import Fraction
from typing import Literal

from services.rules.cohort.numbers import COHORT_THRESHOLDS, CohortThresholds, StrictSchedule
from services.rules.courses import Course, Phase, Product, Session, Treatment
from services.rules.day_series import DayRow, DayValue, SeriesEntry, day_rows, day_values
from services.rules.figures.baseline import begun_courses, find_baseline
from services.rules.mood_days import day_start, mood_day_at
from services.rules.statistics import Exact, FollowUpSpan
from services.rules.worsening.return_of_symptoms import relapse


def sustained_response(
    readings: Sequence[DayValue],
    baseline: Exact,
    respond_by: date,
    thresholds: CohortThresholds = COHORT_THRESHOLDS,
) -> FollowUpSpan | None:
    """Return the days from the first response reading to its loss (the event) or to the last form;
    None without a response reading up to `respond_by`.

    `readings` are the day values (0-27) after the last session and before any further one,
    ascending. A response that outlasts the horizon is censored there.
    """
    change, horizon = thresholds.measures.change, thresholds.sustained.horizon_days
    early = [reading for reading in readings if reading.day <= respond_by]
    responses = [reading for reading in early if change.is_response(baseline, reading.value)]
    if not responses:
        return None
    start = responses[0].day
    after = [reading for reading in readings if reading.day >= start]
    found = relapse(after, Fraction(baseline), thresholds.course_rules)
    days = ((found.on if found else readings[-1].day) - start).days
    if days > horizon:
        return FollowUpSpan(horizon, is_event=False)
    return FollowUpSpan(days, is_event=found is not None)


INSTRUMENT = "phq9"

# Why a course has an outcome or none; the first that holds, in this order.
Fate = Literal["pending", "baseline_missing", "counted", "retreated", "missing"]
FATES: tuple[Fate, ...] = ("pending", "baseline_missing", "counted", "retreated", "missing")

MIXED_ROUTES = "mixed"
NO_ROUTE = "none"


@dataclass(frozen=True, slots=True)
class TreatedPatient:
    """One patient: courses and sessions (planned ones may be among them), `phq9` check-ins in any
    order, their zone, and the instant at which the courses are looked at.
    """

    treatment: Treatment
    entries: Sequence[SeriesEntry]
    zone: tzinfo
    now: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """A mood day with a PHQ-9 total (0-27); `item9` is that day's highest (0-3)."""

    on: date
    total: Exact
    item9: int | None


@dataclass(frozen=True, slots=True)
class CourseOutcome:
    """One course; `outcome` is there when its fate is `counted`, `response_duration` when it
    responded.

    `route` is `mixed` when the sessions differ and `none` for what has no route; `days` are those
    from the first to the last session; `strict`: an induction on the published schedule.
    """

    product: Product
    route: str
    phase: Phase
    sessions: int
    days: int
    last_session_on: date
    strict: bool
    fate: Fate
    baseline: Reading | None = None
    outcome: Reading | None = None
    response_duration: FollowUpSpan | None = None


@dataclass(frozen=True, slots=True)
class _Follow:
    """The time after a course: the days until the patient was treated again, if they were."""

    last_on: date
    is_open: bool
    retreated: bool
    rows: Sequence[DayRow]


def course_outcomes(
    patient: TreatedPatient, thresholds: CohortThresholds = COHORT_THRESHOLDS
) -> tuple[CourseOutcome, ...]:
    """Return the contribution of each begun course of a patient, in the order they began."""
    done = patient.treatment.until(patient.now)
    begun = begun_courses(done)
    outcomes = []
    for place, (course, sessions) in enumerate(begun, start=1):
        # A later course must not move the baseline of this one.
        known = Treatment(tuple(one for one, _ in begun[:place]), done.sessions)
        follow = _follow(patient, sessions[-1], thresholds)
        baseline = _baseline(patient, known, thresholds)
        outcomes.append(_outcome(course, sessions, baseline, follow, patient.zone, thresholds))
    return tuple(outcomes)


def holds_until(
    patient: TreatedPatient, thresholds: CohortThresholds = COHORT_THRESHOLDS
) -> datetime | None:
    """When time alone may change the outcomes next: a planned session begins, or the time in which
    a course's outcome is awaited ends. None: no more.
    """
    closed = timedelta(days=thresholds.window.last_day + 1)
    begun = begun_courses(patient.treatment.until(patient.now))
    turns = [one.started_at for one in patient.treatment.sessions]
    turns += [
        day_start(sessions[-1].day(patient.zone) + closed, patient.zone) for _, sessions in begun
    ]
    return min((at for at in turns if at > patient.now), default=None)


def _baseline(
    patient: TreatedPatient, known: Treatment, thresholds: CohortThresholds
) -> Reading | None:
    rows = day_rows(patient.entries)
    found = find_baseline(
        INSTRUMENT,
        patient.entries,
        rows,
        thresholds.figures,
        treatment=known,
        zone=patient.zone,
    )
    if found.status != "established" or found.value is None or found.on is None:
        return None
    item9 = next((row.q9_max for row in rows if row.mood_day == found.on), None)
    return Reading(found.on, found.value, item9)


def _follow(patient: TreatedPatient, last: Session, thresholds: CohortThresholds) -> _Follow:
    last_on, closes_after = last.day(patient.zone), thresholds.window.last_day
    later = [
        one
        for one in patient.treatment.sessions
        if (one.started_at, one.id) > (last.started_at, last.id)
    ]
    further = next((one for one in later if one.started_at <= patient.now), None)
    untreated = [
        entry
        for entry in patient.entries
        if further is None or entry.recorded_at < further.started_at
    ]
    is_planned = any(one.course_id == last.course_id for one in later)
    return _Follow(
        last_on=last_on,
        is_open=is_planned
        or (mood_day_at(patient.now, patient.zone) - last_on).days <= closes_after,
        retreated=further is not None
        and (further.day(patient.zone) - last_on).days <= closes_after,
        rows=[row for row in day_rows(untreated) if row.mood_day > last_on],
    )


def _outcome(
    course: Course,
    sessions: Sequence[Session],
    baseline: Reading | None,
    follow: _Follow,
    zone: tzinfo,
    thresholds: CohortThresholds,
) -> CourseOutcome:
    days = (follow.last_on - sessions[0].day(zone)).days
    reading = _reading_in_window(follow, thresholds)
    fate = _fate(follow, baseline, reading)
    return CourseOutcome(
        product=course.product,
        route=_route(sessions),
        phase=course.phase,
        sessions=len(sessions),
        days=days,
        last_session_on=follow.last_on,
        strict=course.phase == "induction"
        and _is_on_schedule(len(sessions), days, thresholds.strict),
        fate=fate,
        baseline=baseline,
        outcome=reading if fate == "counted" else None,
        response_duration=None
        if baseline is None or follow.is_open
        else sustained_response(
            day_values(follow.rows),
            baseline.total,
            follow.last_on + timedelta(days=thresholds.window.last_day),
            thresholds,
        ),
    )


def _fate(follow: _Follow, baseline: Reading | None, reading: Reading | None) -> Fate:
    holds = {
        "pending": follow.is_open,
        "baseline_missing": baseline is None,
        "counted": reading is not None,
        "retreated": follow.retreated,
        "missing": True,
    }
    return next(fate for fate in FATES if holds[fate])


def _reading_in_window(follow: _Follow, thresholds: CohortThresholds) -> Reading | None:
    window = thresholds.window
    inside = [
        Reading(row.mood_day, row.value, row.q9_max)
        for row in follow.rows
        if row.value is not None
        and window.first_day <= (row.mood_day - follow.last_on).days <= window.last_day
    ]
    return inside[-1] if inside else None


def _route(sessions: Sequence[Session]) -> str:
    routes = {one.route or NO_ROUTE for one in sessions}
    return routes.pop() if len(routes) == 1 else MIXED_ROUTES


def _is_on_schedule(sessions: int, days: int, schedule: StrictSchedule) -> bool:
    return (
        schedule.min_sessions <= sessions <= schedule.max_sessions
        and schedule.min_days <= days <= schedule.max_days
    )
