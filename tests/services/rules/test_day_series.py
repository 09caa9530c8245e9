"""Check-ins become days: the last complete total, the highest item 9, the number of entries."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from services.rules.day_series import DayRow, DayValue, SeriesEntry, day_rows, day_values

DAY = date(2026, 3, 1)
NEXT = date(2026, 3, 2)


def entry(hour: int, total: int | None, item9: int | None = 0, **other) -> SeriesEntry:
    at = datetime(2026, 3, 1, hour, tzinfo=UTC)
    return SeriesEntry(
        **{
            "mood_day": DAY,
            "recorded_at": at,
            "received_at": at,
            "entry_id": f"{hour:02}",
            "total": total,
            "item9_max": item9,
            **other,
        }
    )


@pytest.mark.parametrize(
    ("name", "entries", "row"),
    [
        ("one", [entry(9, 7, 1)], DayRow(DAY, 7, 1, 1, False)),
        ("the last of two", [entry(9, 7), entry(20, 4)], DayRow(DAY, 4, 0, 2, False)),
        ("the last complete", [entry(9, 7), entry(20, None)], DayRow(DAY, 7, 0, 2, False)),
        ("none complete", [entry(9, None)], DayRow(DAY, None, 0, 1, False)),
        ("highest item 9", [entry(9, 7, 2), entry(20, 4, 0)], DayRow(DAY, 4, 2, 2, False)),
        ("item 9 of a partial", [entry(9, None, 3), entry(20, 4)], DayRow(DAY, 4, 3, 2, False)),
        ("item 9 unknown", [entry(9, None, None)], DayRow(DAY, None, None, 1, False)),
        ("unknown is not zero", [entry(9, 7, None), entry(10, 7, 1)], DayRow(DAY, 7, 1, 2, False)),
        ("a late value", [entry(9, 7), entry(20, 4, late=True)], DayRow(DAY, 4, 0, 2, True)),
        ("late but replaced", [entry(9, 7, late=True), entry(20, 4)], DayRow(DAY, 4, 0, 2, False)),
    ],
)
def test_one_row_a_mood_day(name, entries, row):
    assert day_rows(entries) == (row,), name
    assert day_rows(entries[::-1]) == (row,), name


def test_a_tie_goes_to_the_one_received_last_and_then_to_the_higher_id():
    later = entry(9, 4).received_at + timedelta(hours=1)

    received = [entry(9, 4, received_at=later, entry_id="a"), entry(9, 7, entry_id="b")]
    same_time = [entry(9, 4, entry_id="b"), entry(9, 7, entry_id="a")]

    assert day_rows(received)[0].value == 4
    assert day_rows(same_time)[0].value == 4


def test_the_day_of_a_momentary_scale_is_a_mean():
    [row] = day_rows([entry(9, 3), entry(12, 4), entry(20, 6), entry(21, None)], "mean")

    assert row.value == Fraction(13, 3)
    assert row.entries == 4


def test_rows_ascend_and_days_without_a_value_have_no_day_value():
    rows = day_rows([entry(9, 7, mood_day=NEXT), entry(9, None)])

    assert [row.mood_day for row in rows] == [DAY, NEXT]
    assert day_values(rows) == (DayValue(NEXT, 7, False),)


def test_nothing_gives_nothing():
    assert day_rows([]) == ()
