"""The trend day by day, in words: the table beside the chart, which the read-out reads as well."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from services.overview.patient import Content
from services.reports.drawing.words import number_words, plain
from services.reports.pictures.highlights import session_words
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.side_effects.coded_list import SIDE_EFFECTS
from services.rules.trend.document import TrendReport

HEADS: Final = ("Item 9", "C-SSRS", "Session", "Hours since", "Side effects", "Vital signs")
PHASE: Final = {"pre": "before", "during": "during", "post": "after", "discharge": "going home"}


@dataclass(frozen=True, slots=True)
class ChartDay:
    """What is known of one mood day; `cells` stand under `HEADS`, empty where nothing is."""

    on: date
    value: float | None
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BesideValues:
    """What stands beside the values, by mood day."""

    item9: Mapping[date, int]
    levels: Mapping[date, str]
    effects: Mapping[date, list[str]]
    grades: Mapping[date, int]
    vitals: Mapping[date, list[SessionVitals]]


def beside(content: Content, first: date, last: date) -> BesideValues:
    """What is known of the days of the chart."""
    report = content.report
    effects: dict[date, list[str]] = defaultdict(list)
    grades: dict[date, int] = {}
    for one_report in content.effects:
        if first <= one_report.mood_day <= last and one_report.effects:
            effects[one_report.mood_day] += [
                _effect(one.code, one.grade) for one in one_report.effects
            ]
            worst = max(one.grade for one in one_report.effects)
            grades[one_report.mood_day] = max(worst, grades.get(one_report.mood_day, 0))
    days = {one.session.id: one.day for one in report.sessions}
    vitals: dict[date, list[SessionVitals]] = defaultdict(list)
    for taken in content.vitals:
        if taken.session_id in days:
            vitals[days[taken.session_id]].append(taken)
    return BesideValues(
        item9={on: one for on, one in report.item9_days.items() if first <= on <= last},
        levels={
            one.on: one.level for one in report.figures.item9.levels if first <= one.on <= last
        },
        effects=effects,
        grades=grades,
        vitals=vitals,
    )


def days_of(content: Content, around: BesideValues, first: date, last: date) -> Iterator[ChartDay]:
    """Yield every day of which something is known, ascending."""
    report = content.report
    values = {one.day: float(one.value) for one in report.values}
    sessions = _sessions(report)
    known = {*values, *around.item9, *around.levels, *around.effects, *sessions}
    for on in sorted(day for day in known if first <= day <= last):
        hours = content.hours.get(on) if on in values else None
        cells = (
            str(around.item9[on]) if on in around.item9 else "",
            plain(around.levels.get(on, "")),
            _place(report, sessions, on),
            "" if hours is None else hours_words(hours),
            ", ".join(around.effects.get(on, ())),
            ", ".join(_pressure(one) for one in around.vitals.get(on, ())),
        )
        yield ChartDay(on, values.get(on), cells)


def hours_words(hours: float) -> str:
    """`71 h`; the fraction of an hour where it is one of few."""
    return f"{number_words(hours, 1 if abs(hours) < 10 else 0)} h"


def _sessions(report: TrendReport) -> dict[date, list[str]]:
    found: dict[date, list[str]] = defaultdict(list)
    for one in report.sessions:
        found[one.day].append(session_words(one))
    return found


def _place(report: TrendReport, sessions: Mapping[date, list[str]], on: date) -> str:
    """The sessions of the day, else the days since the last one."""
    if on in sessions:
        return "; ".join(sessions[on])
    before = [one for one in report.figures.treatment.sessions if one.day < on]
    if not before:
        return ""
    return f"day {(on - before[-1].day).days} after no. {before[-1].number}"


def _effect(code: str, grade: int) -> str:
    known = SIDE_EFFECTS.effects.get(code)
    return f"{known.label if known else plain(code)} (grade {grade})"


def _pressure(one: SessionVitals) -> str:
    return f"{one.systolic}/{one.diastolic} {PHASE[one.phase]}"
