"""The oracle of treatment: windows, effect, duration, onset, relapses, response of a course.

From docs/clinical.md 5.3 and rule M3 of 5.1; nothing of the product is imported.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction

from tests.builders.oracle.chart import (
    DAY,
    DayValue,
    WrittenChart,
    WrittenForm,
    WrittenSession,
    by_day,
    values,
)
from tests.builders.oracle.levels import (
    FirstLevel,
    after,
    baseline,
    before,
    course_starts,
    points,
)


@dataclass(frozen=True)
class SessionFigures:
    """What the sessions of one window did."""

    pre: Fraction | None
    nadir: Fraction | None
    nadir_on: date | None
    observed: int
    effect: Fraction | None
    duration: int | None
    duration_status: str
    interval: tuple[int, int] | None = None
    censored_by: str | None = None


@dataclass(frozen=True)
class Loss:
    """A relapse (M3): the first reading of the pair, the one that confirms it, and the form."""

    on: date
    confirmed_on: date
    form: str


def groups(sessions: list[WrittenSession]) -> list[list[WrittenSession]]:
    """Sessions less than 48 h after the one before share a window."""
    found: list[list[WrittenSession]] = []
    for one in sessions:
        if found and one.started_at - found[-1][-1].started_at < timedelta(hours=48):
            found[-1].append(one)
        else:
            found.append([one])
    return found


def session_figures(chart: WrittenChart, instrument: str) -> dict[str, SessionFigures]:
    """By session id."""
    found, shared = {}, groups(chart.begun())
    for number, group in enumerate(shared):
        following = shared[number + 1] if number + 1 < len(shared) else None
        figures = _figures(chart.placed(instrument), instrument, group, following)
        found.update({one.id: figures for one in group})
    return found


def _figures(
    forms: list[WrittenForm],
    instrument: str,
    group: list[WrittenSession],
    following: list[WrittenSession] | None,
) -> SessionFigures:
    first, last = group[0], group[-1]
    pre = level_before(forms, first)
    later = after(forms, last)
    days = [one for one in values(later) if one.day > last.day]
    if following is not None:
        # The day of the next session is no longer a day of this one.
        days = [one for one in days if one.day < following[0].day]
    week = [one for one in days if one.day <= last.day + 7 * DAY]
    if len(week) < 2:
        return SessionFigures(pre, None, None, len(week), None, None, "unknown")
    nadir = min(week, key=lambda one: (-points(instrument, Fraction(0), one.value), one.day))
    if pre is None:
        return SessionFigures(None, nadir.value, nadir.day, len(week), None, None, "unknown")
    effect = points(instrument, pre, nadir.value)
    whole = (pre, nadir.value, nadir.day, len(week), effect)
    if effect <= 0:
        return SessionFigures(*whole, None, "no_effect")
    lost = first_loss(days, nadir.day, instrument, pre - (pre - nadir.value) / 2)
    if lost is not None:
        previous, event = lost
        low, high = (previous.day - last.day).days, (event.day - last.day).days
        if high - low - 1 >= 4:
            return SessionFigures(*whole, high, "interval_censored", (low, high))
        return SessionFigures(*whole, high, "observed")
    if following is not None and (following[0].day - days[-1].day).days - 1 < 4:
        span = (following[0].day - last.day).days
        return SessionFigures(*whole, span, "censored", censored_by="next_session")
    span = (days[-1].day - last.day).days
    return SessionFigures(*whole, span, "censored", censored_by="last_entry")


def level_before(forms: list[WrittenForm], first: WrittenSession) -> Fraction | None:
    """The mean of the 3 mood days before, else the same day's answer before it."""
    earlier = values(before(forms, first))
    three = [one for one in earlier if first.day - 3 * DAY <= one.day < first.day]
    same = [one for one in earlier if one.day >= first.day]
    found = three or same[-1:]
    return sum((one.value for one in found), Fraction(0)) / len(found) if found else None


def first_loss(
    days: list[DayValue], nadir_on: date, instrument: str, half: Fraction
) -> tuple[DayValue, DayValue] | None:
    """The first of 2 consecutive observed days on the bad side of half the gain, and the observed
    day before it; 3 missing days between two days end the sequence.
    """
    since = [one for one in days if one.day >= nadir_on]
    for previous, one, following in zip(since, since[1:], since[2:], strict=False):
        bad = [points(instrument, half, each.value) < 0 for each in (one, following)]
        if all(bad) and (following.day - one.day).days - 1 < 3:
            return previous, one
    return None


def onset(chart: WrittenChart, instrument: str) -> tuple[date, int, WrittenForm | None] | None:
    """The first day of at most 7 with a fall of 5 (daily), the first form with response; days 0 and
    1 by single forms, with the one that shows it, later ones by their values.
    """
    starts, start = course_starts(chart), baseline(chart, instrument)
    if not starts or start.value is None or start.after_treatment:
        return None
    forms, first = after(chart.placed(instrument), starts[-1]), starts[-1].day
    for day, of_day in by_day(forms).items():
        number = (day - first).days
        shown: list[tuple[WrittenForm | None, Fraction]]
        shown = [(None, one.value) for one in values(of_day)]
        if number <= 1:
            shown = [(form, Fraction(form.total)) for form in of_day if form.total is not None]
        for form, value in shown:
            if is_relief(instrument, start, value, number):
                return day, number, form
    return None


def is_relief(instrument: str, start: FirstLevel, value: Fraction, number: int) -> bool:
    """Whether a value so many days after the first session shows the onset."""
    assert start.value is not None
    if instrument == "phq9":
        return is_response(start, value)
    if instrument != "phq9-daily":
        return False
    return number <= 7 and points(instrument, start.value, value) >= 5


def is_judged(start: FirstLevel) -> bool:
    """Whether there is a baseline of 10 that was measured before treatment."""
    return start.value is not None and start.value >= 10 and not start.after_treatment


def is_response(start: FirstLevel, value: Fraction) -> bool:
    """At least half gone, from such a baseline."""
    return start.value is not None and is_judged(start) and 2 * value <= start.value


def readings(chart: WrittenChart) -> list[DayValue]:
    """The two-week form from the day after the first session of the course on."""
    starts = course_starts(chart)
    if not starts:
        return []
    found = values(after(chart.placed("phq9"), starts[-1]))
    return [one for one in found if one.day > starts[-1].day]


def relapses(chart: WrittenChart) -> list[Loss]:
    """Rule M3 over these; each needs a response, or a total below 5, before it."""
    start = baseline(chart, "phq9")
    found: list[Loss] = []
    # The lowest value since a response; None while there is none to lose.
    lowest, below = None, list[DayValue]()
    for one in readings(chart):
        better = is_response(start, one.value)
        if lowest is None:
            lowest = one.value if better or one.value < 5 else None
            continue
        below = [*below, one] if is_judged(start) and not better else []
        loss = _loss(below, one, lowest)
        lowest = min(lowest, one.value)
        if loss is not None:
            found.append(loss)
            lowest, below = None, []
    return found


def _loss(below: list[DayValue], one: DayValue, lowest: Fraction) -> Loss | None:
    pairs = [each for each in below if (one.day - each.day).days >= 5]
    if pairs:
        return Loss(below[0].day, one.day, "pair")
    if one.value >= 10 and one.value - lowest >= 5:
        return Loss(one.day, one.day, "single")
    return None


@dataclass(frozen=True)
class CourseResponse:
    """Of the course that began last: its sessions, and how long its response lasted."""

    id: str
    sessions: int
    last_induction_on: date | None
    days: int | None
    status: str | None


def response_of_course(chart: WrittenChart) -> CourseResponse | None:
    """Days from the last induction session to the relapse, else to the last form."""
    if not chart.courses:
        return None
    phases = {one.id: one.phase for one in chart.courses}
    begun = {one.course for one in chart.begun()}
    if not begun:
        return None
    known = [one for one in chart.courses if one.id in begun]
    course = max(known, key=lambda one: (one.started_on, chart.courses.index(one)))
    own = [one for one in chart.begun() if one.course == course.id]
    induced = [one for one in chart.begun() if phases[one.course] == "induction"]
    if not induced:
        return CourseResponse(course.id, len(own), None, None, "unknown")
    last, start = induced[-1], baseline(chart, "phq9")
    whole = (course.id, len(own), last.day)
    since = [one for one in readings(chart) if one.day > last.day]
    if not is_judged(start) or not since:
        return CourseResponse(*whole, None, "unknown")
    losses = relapses(chart)
    ends = [one.on for one in losses if one.on > last.day]
    if ends:
        return CourseResponse(*whole, (ends[0] - last.day).days, "observed")
    since_loss = [one for one in readings(chart) if not losses or one.day > losses[-1].confirmed_on]
    if not any(is_response(start, one.value) or one.value < 5 for one in since_loss):
        return CourseResponse(*whole, None, "no_response")
    return CourseResponse(*whole, (since[-1].day - last.day).days, "censored")
