"""The rows of marks under the curve: item 9, C-SSRS, side effects, vital signs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.console.patient.chart_rows import PHASE, BesideValues
from services.reports.drawing.words import day_words, plain
from services.rules.figures.item9 import LEVELS
from services.rules.session_day.blood_pressure import is_above_guide, is_crisis
from services.rules.session_day.vital_signs import SessionVitals

LANE: Final = 20.0
LEVEL_SIGNS: Final = {"none": "–", "low": "l", "unknown": "?", "moderate": "m", "high": "H"}
_GRAVE: Final = LEVELS.index("moderate")


@dataclass(frozen=True, slots=True)
class Sign:
    """One mark: a sign that can be told apart without colour, and its words."""

    on: date
    sign: str
    tone: str
    words: str


@dataclass(frozen=True, slots=True)
class SignRow:
    """One row; `signs` stand for it in the legend."""

    signs: str
    name: str
    legend: str
    marks: Sequence[Sign]


def lanes_of(around: BesideValues) -> list[SignRow]:
    """The rows that have a mark."""
    found = (
        SignRow(
            "1 2 3", "item 9", "item 9 on any form; 0 and no answer bear no mark", [*_item9(around)]
        ),
        SignRow("– l ? m H", "C-SSRS", "none, low, left open, moderate, high", [*_levels(around)]),
        SignRow("1–4", "effects", "highest grade of the side effects", [*_effects(around)]),
        SignRow(
            "· ▲ ◆",
            "pressure",
            "within the guide, above it before dosing, crisis",
            [*_pressures(around)],
        ),
    )
    return [lane for lane in found if lane.marks]


def _item9(around: BesideValues) -> Iterator[Sign]:
    for on, value in sorted(around.item9.items()):
        if value:
            tone = "grave" if value > 1 else "notable"
            yield Sign(on, str(value), tone, f"item 9: {value}, {day_words(on)}")


def _levels(around: BesideValues) -> Iterator[Sign]:
    for on, level in sorted(around.levels.items()):
        tone = "grave" if LEVELS.index(level) >= _GRAVE else "notable" if level == "low" else "calm"
        yield Sign(on, LEVEL_SIGNS[level], tone, f"C-SSRS: {plain(level)}, {day_words(on)}")


def _effects(around: BesideValues) -> Iterator[Sign]:
    for on, grade in sorted(around.grades.items()):
        tone = "grave" if grade > 2 else "notable" if grade == 2 else "calm"
        yield Sign(on, str(grade), tone, f"{'; '.join(around.effects[on])}, {day_words(on)}")


def _pressures(around: BesideValues) -> Iterator[Sign]:
    for on, taken in sorted(around.vitals.items()):
        worst = max(taken, key=_gravity)
        sign, tone = _SIGNS[_gravity(worst)]
        words = ", ".join(f"{one.systolic}/{one.diastolic} {PHASE[one.phase]}" for one in taken)
        yield Sign(on, sign, tone, f"{words}, {day_words(on)}")


_SIGNS: Final = (("·", "calm"), ("▲", "notable"), ("◆", "grave"))


def _gravity(one: SessionVitals) -> int:
    return 2 if is_crisis(one.pressure) else 1 if is_above_guide(one) else 0
