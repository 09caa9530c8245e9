"""Item 9 over time: the highest answer of each day, never a mean, never filled in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from services.rules.day_series import DayRow

# Ascending. A form with a question left open may hide anything up to the level above it, so it
# stands above what was answered "none" or "low".
LEVELS = ("none", "low", "unknown", "moderate", "high")


@dataclass(frozen=True, slots=True)
class LevelOn:
    """The highest C-SSRS level of a mood day."""

    on: date
    level: str


@dataclass(frozen=True, slots=True)
class Item9Series:
    """`days_since_positive`: from the last day with item 9 >= 1 to the day of the report; None when
    there was none, which says nothing about safety. `highest`: of all days (0-3).
    """

    last_positive_on: date | None
    days_since_positive: int | None
    highest: int | None
    levels: tuple[LevelOn, ...]


def item9(rows: Sequence[DayRow], levels: Iterable[LevelOn], reported_until: date) -> Item9Series:
    """Return what the days (ascending) say of item 9, and the C-SSRS timeline up to a mood day.

    `levels` are bands of the C-SSRS, several a day or none, in any order. Raises ValueError for a
    level that the C-SSRS does not have.
    """
    answered = [(row.mood_day, row.q9_max) for row in rows if row.q9_max is not None]
    positive = [day for day, highest in answered if highest >= 1]
    last = positive[-1] if positive else None
    return Item9Series(
        last_positive_on=last,
        days_since_positive=None if last is None else (reported_until - last).days,
        highest=max((highest for _, highest in answered), default=None),
        levels=_timeline(levels, reported_until),
    )


def _timeline(levels: Iterable[LevelOn], until: date) -> tuple[LevelOn, ...]:
    days: dict[date, str] = {}
    for found in levels:
        if found.on <= until:
            days[found.on] = max(found.level, days.get(found.on, found.level), key=LEVELS.index)
    return tuple(LevelOn(day, days[day]) for day in sorted(days))
