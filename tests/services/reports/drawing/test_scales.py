"""Axes from one day to ten years, and words that do not lie over each other."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reports.drawing.axes import Scale, date_ticks, span_ticks, value_ticks
from services.reports.drawing.paint import apart, width_of, wrapped
from services.reports.drawing.words import number_words

DAY = date(2026, 3, 1)


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(0, 4000), st.integers(4, 14))
def test_an_axis_of_any_length_has_a_readable_number_of_ticks(first: date, days: int, most: int):
    last = first + timedelta(days=days)
    ticks = date_ticks(first, last, most)
    assert len(ticks) <= most + 2
    assert all(first <= day <= last for day, _ in ticks)
    if days < 3:
        assert len(ticks) == days + 1


@given(st.dates(), st.dates(), st.integers(4, 14))
def test_an_axis_to_both_ends_of_the_calendar_is_readable_too(one: date, other: date, most: int):
    first, last = sorted((one, other))
    ticks = [day for day, _ in date_ticks(first, last, most)]
    assert len(ticks) <= most + 2
    assert all(first <= day <= last for day in ticks)
    assert [day.year for day in ticks] == sorted(day.year for day in ticks)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (1, ["1 Mar 2026"]),
        (3, ["1 Mar 2026", "2 Mar", "3 Mar"]),
        (30, ["1 Mar 2026", "8 Mar", "15 Mar", "22 Mar", "29 Mar"]),
        (365, ["Mar 2026", "May", "Jul", "Sep", "Nov", "Jan 2027"]),
        (3650, ["2028", "2030", "2032", "2034", "2036"]),
    ],
)
def test_ticks_are_days_weeks_months_or_years(days: int, words: list[str]):
    found = date_ticks(DAY, DAY + timedelta(days=days - 1), 7 if days < 3650 else 5)
    assert [label for _, label in found] == words


@pytest.mark.parametrize(
    ("highest", "ticks"),
    [(27, [0, 5, 10, 15, 20, 25]), (10, [0, 2, 4, 6, 8, 10]), (80, [0, 20, 40, 60, 80]), (6, None)],
)
def test_points_have_round_ticks(highest: int, ticks: list[int] | None):
    assert value_ticks(highest) == (ticks or [0, 1, 2, 3, 4, 5, 6])


@pytest.mark.parametrize(("last", "most", "step"), [(28, 8, 7), (20, 30, 1), (700, 10, 91)])
def test_days_of_a_follow_up_have_whole_weeks_where_they_fit(last: int, most: int, step: int):
    assert span_ticks(last, most)[1] == step


def test_a_scale_is_straight():
    scale = Scale(0, 10, 100, 0)
    assert [scale(value) for value in (0, 5, 10)] == [100, 50, 0]


@given(st.lists(st.floats(0, 100), max_size=7))
def test_labels_are_kept_apart_and_in_order(wanted: list[float]):
    placed = apart(wanted, 10, 0, 100)
    for one in range(len(wanted)):
        for other in range(len(wanted)):
            if one != other:
                assert abs(placed[one] - placed[other]) >= 10 - 1e-9
            if wanted[one] < wanted[other]:
                assert placed[one] <= placed[other]
    assert all(-1e-9 <= place <= 100 + 1e-9 for place in placed)


def test_labels_with_room_stay_where_they_are():
    assert apart([50, 10, 80], 10, 0, 100) == [50, 10, 80]


@given(st.text(alphabet="abc ", max_size=60))
def test_wrapped_words_fit_and_none_is_lost(words: str):
    lines = wrapped(words, 10, 60)
    assert " ".join(lines).split() == words.split()
    assert all(width_of(line, 10) <= 60 or " " not in line for line in lines)


@pytest.mark.parametrize(
    ("value", "digits", "words"),
    [
        (None, 1, "–"),
        (11, 1, "11"),
        (8.43, 1, "8.4"),
        (-0.02, 1, "0"),
        (-1.5, 1, "−1.5"),
        (100, 0, "100"),
    ],
)
def test_numbers_in_words(value: float | None, digits: int, words: str):
    assert number_words(value, digits) == words
