"""Check-ins of one instrument as one row a mood day; the order of the check-ins never matters."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction
from typing import Literal

from services.rules.statistics import mean

DayValueRule = Literal["last", "mean"]

# A mood slider tells of the moment, so its day is a mean; the 24-hour form and the forms over weeks
# count as last answered.
MOMENTARY = frozenset({"mood"})


def value_rule(instrument: str) -> DayValueRule:
    """Return how the day value of an instrument is made."""
    return "mean" if instrument in MOMENTARY else "last"


@dataclass(frozen=True, slots=True)
class SeriesEntry:
    """The current version of one check-in.

    `total` is None unless the form is complete; `item9_max` (0-3) is the highest item 9 of all its
    versions; `answered` counts answered items; `late` is the flag `entered_late`; `recalled`: it
    was written down on a later day than the one that it tells of.
    """

    mood_day: date
    recorded_at: datetime
    received_at: datetime
    entry_id: str
    total: int | None
    item9_max: int | None = None
    answered: int = 1
    late: bool = False
    recalled: bool = False


@dataclass(frozen=True, slots=True)
class DayRow:
    """One mood day: `value` is None without a complete check-in, `q9_max` without an item 9."""

    mood_day: date
    value: int | Fraction | None
    q9_max: int | None
    entries: int
    late: bool


@dataclass(frozen=True, slots=True)
class DayValue:
    """A mood day with a value; `late` when the check-in that gave the value was entered late."""

    day: date
    value: int | Fraction
    late: bool = False


def in_order(entries: Iterable[SeriesEntry]) -> list[SeriesEntry]:
    """Return the entries by mood day, then as they were recorded; ties by receipt, then by id."""
    return sorted(entries, key=lambda e: (e.mood_day, e.recorded_at, e.received_at, e.entry_id))


def day_rows(entries: Iterable[SeriesEntry], rule: DayValueRule = "last") -> tuple[DayRow, ...]:
    """Return one row per mood day with an entry, ascending.

    The value of a day is its last complete check-in, or the mean of all complete ones for a
    momentary scale; item 9 is always the day's highest.
    """
    days: dict[date, list[SeriesEntry]] = defaultdict(list)
    for entry in in_order(entries):
        days[entry.mood_day].append(entry)
    return tuple(_row(day, found, rule) for day, found in days.items())


def day_values(rows: Sequence[DayRow]) -> tuple[DayValue, ...]:
    """Return the days that have a value; a missing day is absent, never zero."""
    return tuple(
        DayValue(row.mood_day, row.value, row.late) for row in rows if row.value is not None
    )


def _row(day: date, entries: Sequence[SeriesEntry], rule: DayValueRule) -> DayRow:
    complete = [(entry.total, entry) for entry in entries if entry.total is not None]
    item9 = [entry.item9_max for entry in entries if entry.item9_max is not None]
    value: int | Fraction | None = None
    if complete:
        value = complete[-1][0] if rule == "last" else mean([total for total, _ in complete])
    return DayRow(
        mood_day=day,
        value=value,
        q9_max=max(item9, default=None),
        entries=len(entries),
        late=bool(complete) and complete[-1][1].late,
    )
