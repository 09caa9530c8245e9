"""Check-ins of one instrument as one row a mood day; the order of the check-ins never matters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Hashable, Iterable, Iterator, Sequence
from datetime import date, datetime
from fractions import Fraction
from itertools import groupby
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, get_args

from services.rules.statistics import mean

DayValueRule = Literal["last", "mean"]
DAY_VALUE_RULES: Final[tuple[DayValueRule, ...]] = get_args(DayValueRule)

# A mood slider tells of the moment, so its day is a mean; the 24-hour form and the forms over weeks
# count as last answered.
MOMENTARY = frozenset({"mood"})


def value_rule(instrument: str) -> DayValueRule:
    """Return how the day value of an instrument is made."""
    return "mean" if instrument in MOMENTARY else "last"


class SeriesEntry(NamedTuple):
    """The current version of one check-in. A tuple: a check-in is decided with hundreds of them.

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


class DayRow(NamedTuple):
    """One mood day: `value` is None without a complete check-in, `q9_max` without an item 9."""

    mood_day: date
    value: int | Fraction | None
    q9_max: int | None
    entries: int
    late: bool


class DayValue(NamedTuple):
    """A mood day with a value; `late` when the check-in that gave the value was entered late."""

    day: date
    value: int | Fraction
    late: bool = False


_DAY = attrgetter("mood_day")
_PLACE = attrgetter("mood_day", "recorded_at", "received_at", "entry_id")


class Series(tuple[SeriesEntry, ...]):
    """Check-ins of one instrument, by mood day, then as they were recorded; ties by receipt, then
    by id. Rule after rule asks for the same days, so `kept` holds what was made of them.
    """

    kept: dict[Hashable, Any]

    def __new__(cls, entries: Iterable[SeriesEntry] = ()) -> Series:
        series = super().__new__(cls, sorted(entries, key=_PLACE))
        series.kept = {}
        return series

    def rows(self, rule: DayValueRule) -> tuple[DayRow, ...]:
        """One row per mood day, made once."""
        found: tuple[DayRow, ...] | None = self.kept.get(rule)
        if found is None:
            found = self.kept[rule] = tuple(_rows(self, rule))
        return found

    def joined_by(self, entry: SeriesEntry) -> Series:
        """The same with one more; of the days that were made of it only one is made again."""
        place = bisect_right(self, _PLACE(entry), key=_PLACE)
        series = super().__new__(Series, (*self[:place], entry, *self[place:]))
        series.kept = {}
        for rule in DAY_VALUE_RULES:
            if rule in self.kept:
                series.kept[rule] = _with_day(self.kept[rule], series, entry.mood_day, rule)
        return series


def in_order(entries: Iterable[SeriesEntry]) -> Series:
    """Return the entries in their order, as they are when they stand in it already."""
    return entries if isinstance(entries, Series) else Series(entries)


def day_rows(entries: Iterable[SeriesEntry], rule: DayValueRule = "last") -> tuple[DayRow, ...]:
    """Return one row per mood day with an entry, ascending.

    The value of a day is its last complete check-in, or the mean of all complete ones for a
    momentary scale; item 9 is always the day's highest.
    """
    return in_order(entries).rows(rule)


def day_values(rows: Iterable[DayRow]) -> tuple[DayValue, ...]:
    """Return the days that have a value; a missing day is absent, never zero."""
    return tuple(
        DayValue(row.mood_day, row.value, row.late) for row in rows if row.value is not None
    )


def values_of(entries: Iterable[SeriesEntry], rule: DayValueRule = "last") -> tuple[DayValue, ...]:
    """Return the days of these entries that have a value, ascending."""
    series, name = in_order(entries), ("values", rule)
    found: tuple[DayValue, ...] | None = series.kept.get(name)
    if found is None:
        found = series.kept[name] = day_values(series.rows(rule))
    return found


def _rows(series: Series, rule: DayValueRule) -> Iterator[DayRow]:
    for day, each in groupby(series, _DAY):
        yield _row(day, tuple(each), rule)


def _with_day(
    rows: tuple[DayRow, ...], series: Series, day: date, rule: DayValueRule
) -> tuple[DayRow, ...]:
    """The rows with the one of this day as the series has it."""
    begin, end = bisect_left(series, day, key=_DAY), bisect_right(series, day, key=_DAY)
    before, after = bisect_left(rows, day, key=_DAY), bisect_right(rows, day, key=_DAY)
    return (*rows[:before], _row(day, series[begin:end], rule), *rows[after:])


def _row(day: date, entries: Sequence[SeriesEntry], rule: DayValueRule) -> DayRow:
    if len(entries) == 1 and rule == "last":  # as on most days
        (only,) = entries
        late = only.late and only.total is not None
        return DayRow(day, only.total, only.item9_max, 1, late)
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
