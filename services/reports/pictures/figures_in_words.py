"""The figures of a trend document as short sentences for a printed page."""

from __future__ import annotations

from collections.abc import Iterator

from services.reports.drawing.words import (
    BASELINES,
    STATUSES,
    counted,
    day_words,
    number_words,
    plain,
)
from services.reports.pictures.reading import Json, a_day, number, rows, table
from services.rules.figures.numbers import TREND_THRESHOLDS
from services.rules.trend.report import WITH_STATUS

Figure = tuple[str, str]


def figures_in_words(document: Json) -> list[Figure]:
    """(what, in words), for every figure that the document has."""
    return [
        *_level(document),
        *_change(document),
        *_treatment(document),
        *_item9(document),
        *_adherence(document),
    ]


def _level(document: Json) -> Iterator[Figure]:
    if status := document.get("status"):
        yield "Status", STATUSES.get(str(status), plain(str(status)))
    baseline, current = table(document, "baseline"), table(document, "current")
    if (value := number(baseline.get("value"))) is not None:
        word = str(baseline.get("status") or "")
        known = BASELINES.get(word, plain(word))
        yield "Baseline", f"{_points(value)} on {day_words(a_day(baseline.get('on')))}, {known}"
    else:
        yield "Baseline", "missing: no change can be told"
    value = number(current.get("value"))
    yield "Current", _on(value, current.get("on")) if value is not None else "no complete answer"


def _change(document: Json) -> Iterator[Figure]:
    better = table(document, "improvement")
    points, percent = number(better.get("points")), number(better.get("percent"))
    if points is not None:
        share = ""
        if document.get("instrument") == WITH_STATUS:
            least = TREND_THRESHOLDS.status.percent_from_baseline
            share = f" (no percentage below a baseline of {least})"
            if percent is not None:
                share = f" ({number_words(percent)} %)"
        yield "Improvement", f"{_points(points)}{share}; positive is better"
    if word := document.get("reliable_change"):
        yield "Reliable change", plain(str(word))
    week = table(document, "m7")
    if (value := number(week.get("value"))) is not None:
        days = number(week.get("n"))
        yield "7-day mean", f"{_points(value)}, from {number_words(days)} of 7 days"
    if (slope := number(document.get("slope_per_week"))) is not None:
        yield (
            "Slope",
            f"{number_words(slope, 2)} points a week; negative is improving{_test(document)}",
        )


def _test(document: Json) -> str:
    found = table(document, "trend_test")
    p = number(found.get("p"))
    return "" if p is None else f" (Mann-Kendall p = {number_words(p, 3)})"


def _treatment(document: Json) -> Iterator[Figure]:
    course = table(document, "course")
    if course:
        number_of = number(course.get("sessions"))
        yield (
            "Course",
            f"{course.get('product', '')} {course.get('phase', '')} since"
            f" {day_words(a_day(course.get('started_on')))},"
            f" {counted(int(number_of or 0), 'session')}",
        )
        yield from _response(course)
    onset = table(document, "onset")
    if onset:
        days = number(onset.get("days"))
        yield "Onset", f"{day_words(a_day(onset.get('on')))}, day {number_words(days)}"
    yield from _lasting(table(document, "effect_duration"))
    relapse = document.get("relapse")
    on = a_day(table(document, "relapse").get("on")) if relapse else None
    if on is not None:
        yield "Relapse", f"{day_words(on)} (first of the readings that confirm it)"


def _response(course: Json) -> Iterator[Figure]:
    days = number(course.get("response_duration_days"))
    if days is not None:
        status = plain(str(course.get("response_status") or ""))
        yield "Response of course", f"{number_words(days)} days since the last induction ({status})"


def _lasting(found: Json) -> Iterator[Figure]:
    followed = int(number(found.get("n")) or 0)
    if not followed:
        return
    middle = number(found.get("median_days"))
    words = "no median: fewer than three sessions, or most effects still hold"
    if middle is not None:
        words = f"half of the gain was lost after {number_words(middle)} days in the median"
    yield "Effect of a session", f"{words} (Kaplan-Meier, n = {followed})"


def _item9(document: Json) -> Iterator[Figure]:
    found = table(document, "item9")
    if not found:
        return
    last = a_day(found.get("last_positive_on"))
    highest = number(found.get("highest"))
    if last is not None:
        words = f"last 1 or more on {day_words(last)}; highest ever {number_words(highest)}"
    elif highest is not None:
        words = "0 whenever it was answered, which is no proof of safety"
    else:
        words = "never answered"
    yield "Item 9", words
    levels = rows(found, "cssrs")
    if levels:
        day = day_words(a_day(levels[-1].get("on")))
        yield "C-SSRS", f"{plain(str(levels[-1].get('level')))} on {day}"


def _adherence(document: Json) -> Iterator[Figure]:
    found = table(document, "adherence")
    due, answered = number(found.get("due")), number(found.get("answered"))
    if due:
        words = f"{number_words(answered)} of {number_words(due)} check-ins that were due"
        yield "Answered", words


def _on(value: float, on: object) -> str:
    return f"{_points(value)} on {day_words(a_day(on))}"


def _points(value: float) -> str:
    return f"{number_words(value)} {'point' if abs(value) == 1 else 'points'}"
