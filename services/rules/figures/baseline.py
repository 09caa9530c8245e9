"""Where a patient started: the reference of every improvement.

It is `established` by what was answered before the first session of the course, and `provisional`
when the patient has no session yet or nobody answered in time. A course that follows soon on
another is read against the level before the first of them: what lies between them is treated time.
After a long gap, or when a clinician asks, it starts anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta, tzinfo
from typing import Literal

from services.rules.courses import UNTREATED, Course, Session, Treatment
from services.rules.day_series import DayRow, SeriesEntry, in_order
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers, Windows
from services.rules.measures import MEASURES, BaselineLimits
from services.rules.statistics import Exact, mean

BaselineStatus = Literal["established", "provisional", "missing"]

# Instruments that are answered every day; the others look back over weeks.
DAILY = frozenset({"phq9-daily", "mood"})


@dataclass(frozen=True, slots=True)
class Baseline:
    """A level in points of the instrument, and the last mood day that it rests on."""

    value: Exact | None
    on: date | None
    status: BaselineStatus


MISSING = Baseline(None, None, "missing")


@dataclass(frozen=True, slots=True)
class CourseAnchor:
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
    zone: tzinfo = UTC,
    limits: BaselineLimits = MEASURES.newest.baseline,
) -> CourseAnchor | None:
    """Return what the baseline of the newest begun course stands before; None before any session.

    The sessions are those that had started. A course that begins at most 90 mood days after the
    last session of those before it keeps their baseline, unless it has `new_baseline`.
    """
    anchor: CourseAnchor | None = None
    last: Session | None = None
    for course, sessions in begun_courses(treatment):
        first, newest = sessions[0], sessions[-1]
        gap = 0 if last is None else (first.day(zone) - last.day(zone)).days
        if last is None or course.new_baseline or gap > limits.keep_days:
            anchor = CourseAnchor(first, last)
        last = newest if last is None or newest.started_at > last.started_at else last
    return anchor


def find_baseline(
    instrument: str,
    entries: Sequence[SeriesEntry],
    rows: Sequence[DayRow],
    thresholds: FigureNumbers = FIGURE_NUMBERS,
    *,
    treatment: Treatment = UNTREATED,
    zone: tzinfo = UTC,
) -> Baseline:
    """Return the baseline of the newest course that has a session, or of the first days without.

    `entries` are the instrument's check-ins and `rows` their days; `treatment` holds the sessions
    that had started; `zone` is the patient's. Forms over weeks: the last complete one in the 14
    days before the first session of the course, else the first about the day before it that was
    written down afterwards. Daily ones: the mean of the complete days among the 7 mood days before
    it, at least 3. Else what an untreated patient would have, `provisional`, from what came after
    the course before. Source: report formulas, Baseline B.
    """
    anchor, is_daily = None, instrument in DAILY
    if treatment.sessions:
        anchor = baseline_anchor(treatment, zone, thresholds.measures.baseline)
    if anchor is not None:
        first, limits = anchor.session, thresholds.measures.baseline
        found = (
            days_before(rows, first, zone, thresholds.windows)
            if is_daily
            else form_before(entries, first, zone, limits)
        )
        if found is not None:
            return found
        if anchor.after is not None:
            treated_until = anchor.after.day(zone)
            entries = [entry for entry in entries if entry.mood_day > treated_until]
            rows = [row for row in rows if row.mood_day > treated_until]
    if is_daily:
        return first_days_baseline(rows, thresholds.windows) if rows else MISSING
    return first_form_baseline(entries)


def form_before(
    entries: Iterable[SeriesEntry],
    first: Session,
    zone: tzinfo = UTC,
    limits: BaselineLimits = MEASURES.newest.baseline,
) -> Baseline | None:
    """Return the last complete form recorded in the 14 days before a session.

    Failing that, the first one recorded from then on that tells of the mood day before the session
    (24 h): patients may name the day that they write about. None without either.
    """
    complete = [
        (entry.recorded_at, entry.mood_day, entry.total)
        for entry in in_order(entries)
        if entry.total is not None
    ]
    opens = first.started_at - timedelta(days=limits.form_days)
    before = [form for form in complete if opens <= form[0] < first.started_at]
    if before:
        _, day, total = sorted(before, key=lambda form: form[0])[-1]
        return Baseline(total, day, "established")
    session_day = first.day(zone)
    about_from = session_day - timedelta(days=limits.late_days)
    late = [form for form in complete if about_from <= form[1] < session_day]
    if not late:
        return None
    _, day, total = min(late, key=lambda form: form[0])
    return Baseline(total, day, "established")


def days_before(
    rows: Iterable[DayRow],
    first: Session,
    zone: tzinfo = UTC,
    windows: Windows = FIGURE_NUMBERS.windows,
) -> Baseline | None:
    """Return the mean of the complete days among the 7 mood days before a session's, at least 3."""
    session_day = first.day(zone)
    opens = session_day - timedelta(days=windows.baseline_days)
    within = [row for row in rows if opens <= row.mood_day < session_day]
    return _mean_of(within, windows, "established")


def first_form_baseline(entries: Iterable[SeriesEntry]) -> Baseline:
    """Return the first complete form, for instruments that look back over weeks."""
    for entry in in_order(entries):
        if entry.total is not None:
            return Baseline(entry.total, entry.mood_day, "provisional")
    return MISSING


def first_days_baseline(
    rows: Iterable[DayRow], windows: Windows = FIGURE_NUMBERS.windows
) -> Baseline:
    """Return the mean of the complete days among the first 7 mood days, which need at least 3.

    The first mood day is the first with any entry, complete or not.
    """
    days = list(rows)
    within = [r for r in days if (r.mood_day - days[0].mood_day).days < windows.baseline_days]
    return _mean_of(within, windows, "provisional") or MISSING


def _mean_of(rows: Iterable[DayRow], windows: Windows, status: BaselineStatus) -> Baseline | None:
    complete = [(row.mood_day, row.value) for row in rows if row.value is not None]
    if len(complete) < windows.baseline_min_days:
        return None
    return Baseline(mean([value for _, value in complete]), complete[-1][0], status)
