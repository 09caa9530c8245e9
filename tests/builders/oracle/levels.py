"""The oracle of levels and trends: baseline, improvement, status, week, slope, instability.

From docs/clinical.md 5.3 and the contract, "Trend JSON"; nothing of the product is imported.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from itertools import pairwise
from statistics import median, stdev
from zoneinfo import ZoneInfo

from tests.builders.oracle.chart import (
    DAILY,
    DAY,
    HIGHER_IS_BETTER,
    DayValue,
    WrittenChart,
    WrittenForm,
    WrittenSession,
    mood_day,
    values,
)


@dataclass(frozen=True)
class FirstLevel:
    """The baseline: `after_treatment` when nothing but data after session 1 gives it; `given_at`:
    the form over weeks that it is.
    """

    value: Fraction | None
    on: date | None
    status: str
    after_treatment: bool = False
    given_at: datetime | None = None


MISSING = FirstLevel(None, None, "missing")


def before(forms: list[WrittenForm], session: WrittenSession) -> list[WrittenForm]:
    """The answers given before the session began."""
    return [one for one in forms if one.precedes(session)]


def after(forms: list[WrittenForm], session: WrittenSession) -> list[WrittenForm]:
    """The answers given after the session began."""
    return [one for one in forms if not one.precedes(session)]


def course_starts(chart: WrittenChart) -> list[WrittenSession]:
    """The first session of each begun course that has a baseline of its own, oldest first."""
    courses = {one.id: one for one in chart.courses}
    starts: list[WrittenSession] = []
    begun = chart.begun()
    for number, session in enumerate(begun):
        earlier = begun[:number]
        if any(one.course == session.course for one in earlier):
            continue
        gap = session.day - earlier[-1].day if earlier else None
        if gap is None or gap > 90 * DAY or courses[session.course].new_baseline:
            starts.append(session)
    return starts


def baseline(chart: WrittenChart, instrument: str) -> FirstLevel:
    """Of the newest course with a baseline of its own; without a session a provisional one."""
    forms, starts = chart.placed(instrument), course_starts(chart)
    if not starts:
        return _untreated(chart, instrument)
    return baseline_at(forms, instrument, starts[-1])


def baseline_at(forms: list[WrittenForm], instrument: str, first: WrittenSession) -> FirstLevel:
    """5.3, row "Baseline B", at the first session of a course."""
    earlier, later = values(before(forms, first)), values(after(forms, first))
    if instrument in DAILY:
        week = [one for one in earlier if first.day - 7 * DAY <= one.day < first.day]
        if len(week) >= 3:
            return _mean(week, "established")
        since = [one for one in later if first.day < one.day <= first.day + 7 * DAY]
        return _mean(since[:3], "provisional", treated=True) if len(since) >= 3 else MISSING
    fortnight = values([one for one in before(forms, first) if _in_fortnight(one, first)])
    if fortnight:
        last = fortnight[-1]
        return FirstLevel(last.value, last.day, "established", given_at=last.recorded_at)
    week_after = [one for one in after(forms, first) if one.mood_day <= first.day + 7 * DAY]
    found = first_complete(week_after)
    if found is not None:
        return replace(found, after_treatment=True)
    return MISSING


def _in_fortnight(form: WrittenForm, first: WrittenSession) -> bool:
    """14 days are of 24 hours, where 5.3 says "days" and not "mood days"; what was written down
    after the session goes by the day that it is about.
    """
    if form.recorded_at < first.started_at:
        return first.started_at - form.recorded_at <= 14 * DAY
    return first.day - 14 * DAY <= form.mood_day


def first_complete(forms: list[WrittenForm]) -> FirstLevel | None:
    """The first complete form, by the day that it is about, then by the instant."""
    for one in sorted(forms, key=lambda form: (form.mood_day, form.recorded_at)):
        if one.total is not None:
            value = Fraction(one.total)
            return FirstLevel(value, one.mood_day, "provisional", given_at=one.recorded_at)
    return None


def _untreated(chart: WrittenChart, instrument: str) -> FirstLevel:
    found = values(chart.of(instrument))
    if instrument not in DAILY:
        return first_complete(chart.of(instrument)) or MISSING
    entered = [one.mood_day for one in chart.of(instrument)]
    week = [one for one in found if one.day < min(entered) + 7 * DAY]
    return _mean(week, "provisional") if len(week) >= 3 else MISSING


def _mean(days: list[DayValue], status: str, *, treated: bool = False) -> FirstLevel:
    mean = sum((one.value for one in days), Fraction(0)) / len(days)
    return FirstLevel(mean, days[-1].day, status, treated)


def points(instrument: str, start: Fraction, now: Fraction) -> Fraction:
    """How much better, in points."""
    return now - start if instrument in HIGHER_IS_BETTER else start - now


def percent(instrument: str, start: FirstLevel, now: Fraction) -> Fraction | None:
    """The improvement in percent, where one may be given."""
    if start.value is None or start.value < 10 or instrument in HIGHER_IS_BETTER:
        return None
    if start.after_treatment:
        return None
    return 100 * (start.value - now) / start.value


def status(chart: WrittenChart, start: FirstLevel, current: DayValue | None) -> str:
    """The contract's list: the first that holds."""
    if start.value is None or start.on is None:
        return "baseline_missing"
    if current is None or current.recorded_at == start.given_at:
        return "baseline_only"
    if current.value - start.value >= 6:
        return "worse"
    if not chart.begun():
        return "baseline_only"
    if start.value < 10:
        return "minimal_symptoms" if current.value < 5 else "no_response"
    if current.value < 5:
        return "remission"
    if start.after_treatment:
        return "no_response"
    gained = 100 * (start.value - current.value) / start.value
    if gained >= 50:
        return "response"
    return "partial_response" if gained >= 25 else "no_response"


def window(days: list[DayValue], last: date, length: int) -> list[DayValue]:
    """The day values of the `length` mood days that end on `last`."""
    return [one for one in days if last - (length - 1) * DAY <= one.day <= last]


def week_mean(days: list[DayValue]) -> tuple[Fraction, int] | None:
    """M7: at least 4 of 7 days."""
    seven = window(days, days[-1].day, 7) if days else []
    if len(seven) < 4:
        return None
    return sum((one.value for one in seven), Fraction(0)) / len(seven), len(seven)


def slope_per_week(days: list[DayValue]) -> Fraction | None:
    """Theil-Sen over 14 mood days, at least 5 of them."""
    fortnight = window(days, days[-1].day, 14) if days else []
    if len(fortnight) < 5:
        return None
    slopes = [
        (later.value - one.value) / (later.day - one.day).days
        for number, one in enumerate(fortnight)
        for later in fortnight[number + 1 :]
    ]
    return 7 * median(slopes)


def mann_kendall(days: list[DayValue]) -> tuple[int, float] | None:
    """S and its two-sided p by the normal approximation, with ties and continuity."""
    fortnight = [one.value for one in window(days, days[-1].day, 14)] if days else []
    n = len(fortnight)
    if n < 5:
        return None
    pairs = [(a, b) for number, a in enumerate(fortnight) for b in fortnight[number + 1 :]]
    s = sum((b > a) - (b < a) for a, b in pairs)
    ties = [fortnight.count(one) for one in set(fortnight)]
    variance = (n * (n - 1) * (2 * n + 5) - sum(t * (t - 1) * (2 * t + 5) for t in ties)) / 18
    if s == 0 or variance == 0:
        return s, 1.0
    z = (abs(s) - 1) / math.sqrt(variance)
    return s, math.erfc(z / math.sqrt(2))


def instability(days: list[DayValue]) -> tuple[float, Fraction | None, int] | None:
    """Standard deviation and mean square of the differences of adjacent days, from 7 days on."""
    fortnight = window(days, days[-1].day, 14) if days else []
    if len(fortnight) < 7:
        return None
    steps = [
        (later.value - one.value) ** 2
        for one, later in pairwise(fortnight)
        if later.day - one.day == DAY
    ]
    mssd = sum(steps, Fraction(0)) / len(steps) if steps else None
    return stdev([float(one.value) for one in fortnight]), mssd, len(fortnight)


def adherence(chart: WrittenChart, instrument: str) -> tuple[int, int]:
    """Mood days from the day after acceptance on, without absences; those with an answer (a form
    that was voided is none).
    """
    day, due = mood_day(chart.accepted_at, ZoneInfo(chart.timezone)) + DAY, []
    while day <= chart.today(instrument):
        if not any(one.holds(day) for one in chart.absences):
            due.append(day)
        day += DAY
    given = [one for one in chart.of(instrument) if set(one.versions[-1].values()) != {None}]
    entered = {one.mood_day for one in given}
    return len(due), len([one for one in due if one in entered])
