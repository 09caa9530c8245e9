"""Where a patient started: the reference of every improvement.

It is `established` by what was answered before the first session of the course, and `provisional`
when the patient has no session yet or answered only after the first one: then nothing can be said
of a response. Nothing older is a baseline. A course that follows soon on another is read against
the level before the first of them: what lies between them is treated time. After a long gap, or
when a clinician asks, it starts anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, timedelta, tzinfo
from operator import attrgetter
from typing import Literal

from services.rules.courses import UNTREATED, Course, Session, Treatment
from services.rules.day_series import (
    DayRow,
    SeriesEntry,
    day_rows,
    day_values,
    in_order,
    value_rule,
)
from services.rules.figures.numbers import FIGURE_NUMBERS, FigureNumbers, Windows
from services.rules.figures.sides import on_their_side
from services.rules.measures import MEASURES, BaselineLimits
from services.rules.statistics import Exact, mean

BaselineStatus = Literal["established", "provisional", "missing"]

# Instruments that are answered every day; the others look back over weeks.
DAILY = frozenset({"phq9-daily", "mood"})
_RECORDED = attrgetter("recorded_at")


@dataclass(frozen=True, slots=True)
class Baseline:
    """A level in points of the instrument, and the last mood day that it rests on.

    `after_treatment`: it was answered after the first session, so it cannot tell what that did.
    `form`: the one that it is, of forms over weeks.
    """

    value: Exact | None
    on: date | None
    status: BaselineStatus
    after_treatment: bool = False
    form: SeriesEntry | None = field(default=None, compare=False)

    @property
    def untreated(self) -> Exact | None:
        """The level to judge a response against; None when it is not known."""
        return None if self.after_treatment else self.value

    def is_followed(self, entries: Iterable[SeriesEntry]) -> bool:
        """Whether a complete form came after the one that it is."""
        complete = in_order(entry for entry in entries if entry.total is not None)
        return self.form is not None and complete[-1].entry_id != self.form.entry_id


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
    days before the first session of the course, else the first within 7 days after it. Daily ones:
    the mean of the complete days among the 7 mood days before it, at least 3, else of the first 3
    within 7 days after it. Nothing older. Untreated: the first form, or the first days.
    Source: report formulas, Baseline B.
    """
    if thresholds.is_first_edition:
        return first_edition_baseline(
            instrument, entries, rows, thresholds, treatment=treatment, zone=zone
        )
    anchor = None
    if treatment.sessions:
        anchor = baseline_anchor(treatment, zone, thresholds.measures.baseline)
    if anchor is None:
        is_daily = instrument in DAILY
        return (
            first_days_baseline(rows, thresholds.windows)
            if is_daily
            else first_form_baseline(entries)
        )
    sided = on_their_side(entries, treatment.sessions, zone, thresholds)
    around = AroundSession(instrument, sided, anchor.session, zone, thresholds)
    return around.before() or around.after() or MISSING


@dataclass(frozen=True, slots=True)
class AroundSession:
    """The check-ins of an instrument around the first session of a course."""

    instrument: str
    entries: Sequence[SeriesEntry]
    first: Session
    zone: tzinfo
    thresholds: FigureNumbers

    def before(self) -> Baseline | None:
        """The level before it, established."""
        windows, limits = self.thresholds.windows, self.thresholds.measures.baseline
        if self.instrument in DAILY:
            rows = day_rows(self.entries, value_rule(self.instrument))
            return days_before(rows, self.first, self.zone, windows)
        complete = [entry for entry in in_order(self.entries) if entry.total is not None]
        before = [form for form in complete if self._is_before(form, limits.form_days)]
        return _of_form(before[-1], "established") if before else None

    def _is_before(self, form: SeriesEntry, days: int) -> bool:
        """Whether it was given in so many days before the session, or, when it was written down
        after it, tells of one of the mood days before it.
        """
        span, started = timedelta(days=days), self.first.started_at
        if form.recorded_at < started:
            return started - span <= form.recorded_at
        session_day = self.first.day(self.zone)
        return session_day - span <= form.mood_day < session_day

    def after(self) -> Baseline | None:
        """What was answered first once the treatment had begun: provisional, and too late to tell
        what the treatment has done.
        """
        windows, day = self.thresholds.windows, self.first.day(self.zone)
        last = day + timedelta(days=windows.provisional_days or 0)
        begun = [
            entry
            for entry in in_order(self.entries)
            if entry.recorded_at >= self.first.started_at and day <= entry.mood_day <= last
        ]
        if self.instrument in DAILY:
            rows = day_rows(self.entries, value_rule(self.instrument))
            days = [one for one in day_values(rows) if day < one.day <= last]
            found = days[: windows.baseline_min_days]
            if len(found) < windows.baseline_min_days:
                return None
            value = mean([one.value for one in found])
            return Baseline(value, found[-1].day, "provisional", after_treatment=True)
        found_form = first_form_baseline(begun)
        return None if found_form is MISSING else replace(found_form, after_treatment=True)


def first_edition_baseline(
    instrument: str,
    entries: Sequence[SeriesEntry],
    rows: Sequence[DayRow],
    thresholds: FigureNumbers,
    *,
    treatment: Treatment,
    zone: tzinfo,
) -> Baseline:
    """Return what cuts before 27 November 2026 were told: whatever came first, where nothing came
    before the session.
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
        return first_days_baseline(rows, thresholds.windows)
    return first_form_baseline(entries)


def form_before(
    entries: Iterable[SeriesEntry],
    first: Session,
    zone: tzinfo = UTC,
    limits: BaselineLimits = MEASURES.newest.baseline,
) -> Baseline | None:
    """Return the last complete form recorded in the 14 days before a session, of the first edition.

    Failing that, the first one recorded from then on that tells of the mood day before the session
    (24 h): patients may name the day that they write about. None without either.
    """
    complete = [entry for entry in in_order(entries) if entry.total is not None]
    opens = first.started_at - timedelta(days=limits.form_days)
    before = [form for form in complete if opens <= form.recorded_at < first.started_at]
    if before:
        return _of_form(sorted(before, key=_RECORDED)[-1], "established")
    session_day = first.day(zone)
    about_from = session_day - timedelta(days=limits.late_days)
    late = [form for form in complete if about_from <= form.mood_day < session_day]
    later = [form for form in late if form.recorded_at >= first.started_at]
    return _of_form(min(later, key=_RECORDED), "established") if later else None


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
            return _of_form(entry, "provisional")
    return MISSING


def _of_form(form: SeriesEntry, status: BaselineStatus) -> Baseline:
    return Baseline(form.total, form.mood_day, status, form=form)


def first_days_baseline(
    rows: Sequence[DayRow], windows: Windows = FIGURE_NUMBERS.windows
) -> Baseline:
    """Return the mean of the complete days among the first 7 mood days, which need at least 3.

    The first mood day is the first with any entry, complete or not.
    """
    within = [r for r in rows if (r.mood_day - rows[0].mood_day).days < windows.baseline_days]
    return _mean_of(within, windows, "provisional") or MISSING


def _mean_of(rows: Iterable[DayRow], windows: Windows, status: BaselineStatus) -> Baseline | None:
    complete = [(row.mood_day, row.value) for row in rows if row.value is not None]
    if len(complete) < windows.baseline_min_days:
        return None
    return Baseline(mean([value for _, value in complete]), complete[-1][0], status)
