"""The figures that a visit begins with: the best, now, and what the last session did, each with its
number of days.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from services.reports.drawing.words import counted, day_words, dose_words, number_words
from services.rules.day_series import DayValue
from services.rules.instruments.definition import instrument
from services.rules.statistics import Exact
from services.rules.trend.document import TrendReport
from services.rules.trend.treatment import SessionFigures

Highlight = tuple[str, str]


def highlights(report: TrendReport, last_visit: date | None = None) -> list[Highlight]:
    """(what, in words). `last_visit`: an earlier visit to compare with, where one is known."""
    return [
        *_best(report),
        *_now(report),
        *_since_session(report),
        *_since_visit(report, last_visit),
    ]


def _best(report: TrendReport) -> Iterator[Highlight]:
    values = report.values
    if not values:
        yield "Best", "no complete answer"
        return
    worse = instrument(report.instrument).worse
    best = min(reversed(values), key=lambda one: worse * one.value)
    word = "lowest" if worse > 0 else "highest"
    yield "Best", f"{_at(best)}, the {word} of {counted(len(values), 'day')}"


def _now(report: TrendReport) -> Iterator[Highlight]:
    found = report.figures
    if found.current is None:
        return
    words = _at(found.current)
    if found.baseline.value is not None:
        words += f"; baseline {number_words(found.baseline.value)}"
    if (week := found.m7) is not None:
        days = report.numbers.figures.windows.mean_days
        words += f"; {days}-day mean {number_words(week.value)} from {week.n} of {days} days"
    yield "Now", words


def _since_session(report: TrendReport) -> Iterator[Highlight]:
    if not report.figures.treatment.sessions:
        return
    last = report.figures.treatment.sessions[-1]
    effect, current = last.effect, report.figures.current
    parts = [f"{session_words(last)} on {day_words(last.day)}"]
    if effect.pre is not None:
        parts.append(f"{number_words(effect.pre)} before it")
    if effect.nadir is not None and effect.nadir_on is not None:
        day = (effect.nadir_on - last.day).days
        parts.append(f"best {number_words(effect.nadir)} on day {day}")
    if effect.pre is not None and current is not None and current.day > last.day:
        parts.append(f"now {_change(report, effect.pre, current.value)}")
    parts.append(f"{counted(effect.observed_days, 'day')} answered since")
    yield "Since the last session", "; ".join(parts)


def _since_visit(report: TrendReport, last_visit: date | None) -> Iterator[Highlight]:
    if last_visit is None:
        return
    before = [one for one in report.values if one.day <= last_visit]
    after = [one for one in report.values if one.day > last_visit]
    words = f"{day_words(last_visit)}: {counted(len(after), 'day')} answered since"
    if before and after:
        words += f"; {_at(before[-1])}, now {_change(report, before[-1].value, after[-1].value)}"
    yield "Since the last visit", words


def session_words(one: SessionFigures) -> str:
    """`no. 6, ketamine iv 35 mg`."""
    session = one.session
    given = (session.product, session.route, dose_words(session))
    return f"no. {one.number}, {' '.join(part for part in given if part)}"


def _change(report: TrendReport, before: Exact, after: Exact) -> str:
    """`5.3 points better`, in the direction of the instrument."""
    gained: Exact = instrument(report.instrument).worse * (before - after)
    if gained == 0:
        return "unchanged"
    size: Exact = gained if gained > 0 else -gained
    unit = "point" if size == 1 else "points"
    return f"{number_words(size)} {unit} {'better' if gained > 0 else 'worse'}"


def _at(value: DayValue) -> str:
    unit = "point" if abs(value.value) == 1 else "points"
    return f"{number_words(value.value)} {unit} on {day_words(value.day)}"
