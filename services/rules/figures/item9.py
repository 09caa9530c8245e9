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
    """The highest C-SSRS level of a mood day, and on which form; a report of the first edition
    knows one form only and does not name it.
    """

    on: date
    level: str
    form: str | None = None


@dataclass(frozen=True, slots=True)
class Item9On:
    """Item 9 as answered on a form of some mood day (0-3)."""

    on: date
    value: int
    form: str | None


@dataclass(frozen=True, slots=True)
class Item9Series:
    """`days_since_positive`: from the last day with item 9 >= 1 to the day of the report; None when
    there was none, which says nothing about safety. `highest`: of all days (0-3). `days`: the
    highest answer of each day, whatever the form, ascending; None in a report of the first edition,
    which knows its own form only and names none.
    """

    last_positive_on: date | None
    days_since_positive: int | None
    highest: int | None
    levels: tuple[LevelOn, ...]
    last_positive_form: str | None = None
    highest_form: str | None = None
    days: tuple[Item9On, ...] | None = None


def item9_of_all_forms(
    answers: Iterable[Item9On], levels: Iterable[LevelOn], reported_until: date
) -> Item9Series:
    """Return what was answered to item 9 up to a mood day on any form, and the C-SSRS timeline.

    Of several answers on a day the highest counts. Raises as `item9`.
    """
    days: dict[date, Item9On] = {}
    for one in answers:
        if one.on <= reported_until:
            days[one.on] = max(one, days.get(one.on, one), key=lambda each: each.value)
    ascending = tuple(days[day] for day in sorted(days))
    last = next((one for one in reversed(ascending) if one.value >= 1), None)
    highest = max(reversed(ascending), key=lambda one: one.value, default=None)
    return Item9Series(
        last_positive_on=last.on if last else None,
        days_since_positive=(reported_until - last.on).days if last else None,
        highest=highest.value if highest else None,
        levels=_timeline(levels, reported_until),
        last_positive_form=last.form if last else None,
        highest_form=highest.form if highest else None,
        days=ascending,
    )


def item9(rows: Sequence[DayRow], levels: Iterable[LevelOn], reported_until: date) -> Item9Series:
    """Return what the days (ascending) say of item 9 on one form, and the C-SSRS timeline up to a
    mood day: a report of the first edition.

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
    days: dict[date, LevelOn] = {}
    for found in levels:
        if found.on <= until:
            known = days.get(found.on, found)
            days[found.on] = max(found, known, key=lambda one: LEVELS.index(one.level))
    return tuple(days[day] for day in sorted(days))
