"""Every row of the status table, just below, at and above its limit."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.day_series import day_rows
from services.rules.figures.baseline import first_days_baseline, first_form_baseline
from services.rules.figures.status import (
    Status,
    StatusCase,
    first_edition_status,
    improvement,
    phq9_status,
)
from services.rules.measures import MEASURES
from tests.builders.rules.days import entry, on

ROWS = [
    # worse comes before everything that follows
    (18, 24, "worse"),
    (18, 23, "no_response"),
    (9, 15, "worse"),
    (9, 14, "no_response"),
    (0, 6, "worse"),
    # baseline below 10: no percentages
    (9, 4, "minimal_symptoms"),
    (9, 5, "no_response"),
    (4, 4, "minimal_symptoms"),
    (0, 4, "minimal_symptoms"),
    (0, 5, "no_response"),
    # baseline from 10
    (10, 4, "remission"),
    (10, 5, "response"),
    (10, 6, "partial_response"),
    (18, 4, "remission"),
    (18, 5, "response"),
    (18, 9, "response"),
    (18, 10, "partial_response"),
    (18, 13, "partial_response"),
    (18, 14, "no_response"),
    (20, 15, "partial_response"),
    (20, 16, "no_response"),
    (27, 13, "response"),
    (27, 14, "partial_response"),
]


def status(baseline, current, *, answered=True, treated=True, untreated=True) -> Status:
    found = improvement(baseline, current, is_untreated=untreated)
    return phq9_status(StatusCase(baseline, current, found.percent, answered, treated))


@pytest.mark.parametrize(("baseline", "current", "word"), ROWS)
def test_the_first_row_that_holds_is_the_status(baseline, current, word):
    assert status(baseline, current) == word


@pytest.mark.parametrize(
    ("case", "word"),
    [
        ({"baseline": None, "current": None}, "baseline_missing"),
        ({"baseline": None, "current": 5}, "baseline_missing"),
        # Nothing came after the baseline: there is nothing to compare, treated or not.
        ({"baseline": 18, "current": 18, "answered": False}, "baseline_only"),
        ({"baseline": 4, "current": 4, "answered": False}, "baseline_only"),
        # Worse is worse also without a treatment; better is no response to one.
        ({"baseline": 18, "current": 24, "treated": False}, "worse"),
        ({"baseline": 18, "current": 23, "treated": False}, "baseline_only"),
        ({"baseline": 18, "current": 4, "treated": False}, "baseline_only"),
        ({"baseline": 4, "current": 4, "treated": False}, "baseline_only"),
        # A baseline from after the session has no percentage.
        ({"baseline": 18, "current": 24, "untreated": False}, "worse"),
        ({"baseline": 18, "current": 5, "untreated": False}, "no_response"),
        ({"baseline": 18, "current": 4, "untreated": False}, "remission"),
        ({"baseline": 9, "current": 4, "untreated": False}, "minimal_symptoms"),
    ],
)
def test_what_there_is_to_compare_comes_first(case, word):
    assert status(**case) == word


@pytest.mark.parametrize(
    ("baseline", "current", "word"),
    [*ROWS, (None, 5, "baseline_missing"), (18, None, None)],
)
def test_cuts_of_before_keep_their_status(baseline, current, word):
    assert first_edition_status(baseline, current, MEASURES.known[0].change) == word


@pytest.mark.parametrize(
    ("baseline", "current", "points", "percent"),
    [
        (18, 5, 13, Fraction(1300, 18)),
        (10, 10, 0, 0),
        (10, 15, -5, -50),
        (9, 3, 6, None),
        (0, 0, 0, None),
        (None, 5, None, None),
        (18, None, None, None),
    ],
)
def test_improvement_is_baseline_minus_current(baseline, current, points, percent):
    found = improvement(baseline, current)
    turned = improvement(baseline, current, worse=-1)

    assert (found.points, found.percent) == (points, percent)
    assert (turned.points, turned.percent) == (points if points is None else -points, None)


@given(st.integers(0, 27), st.integers(0, 26))
def test_a_higher_current_score_is_never_a_better_status(baseline, current):
    ladder = [
        {"remission", "minimal_symptoms"},
        {"response"},
        {"partial_response"},
        {"no_response"},
        {"worse"},
    ]

    def rung(score: int) -> int:
        return next(i for i, names in enumerate(ladder) if status(baseline, score) in names)

    assert rung(current) <= rung(current + 1)


@pytest.mark.parametrize(
    ("entries", "value", "day"),
    [
        ([entry(3, 18), entry(10, 5)], 18, 3),
        ([entry(3, 18, hour=9), entry(3, 7, hour=18)], 18, 3),
        ([entry(1, None), entry(3, 18)], 18, 3),
        ([entry(1, None)], None, None),
        ([], None, None),
    ],
)
def test_the_baseline_of_forms_is_the_first_complete_one(entries, value, day):
    found = first_form_baseline(reversed(entries))

    assert (found.value, found.on) == (value, None if day is None else on(day))
    assert found.status == ("missing" if value is None else "provisional")


@pytest.mark.parametrize(
    ("entries", "value", "day"),
    [
        ([entry(day, 10 + day) for day in range(9)], 13, 6),
        ([entry(0, 10), entry(1, 11), entry(6, 15)], 12, 6),
        ([entry(0, 10), entry(1, 11), entry(7, 15)], None, None),
        ([entry(0, 10), entry(1, 11)], None, None),
        ([entry(0, None), entry(4, 9), entry(5, 9), entry(6, 10)], Fraction(28, 3), 6),
        ([entry(0, None), entry(5, 9), entry(6, 9), entry(7, 9)], None, None),
        ([entry(0, 9, 9), entry(0, 9, 12), entry(0, 9, 15)], None, None),
        ([], None, None),
    ],
)
def test_the_daily_baseline_is_the_mean_of_at_least_three_of_the_first_seven_days(
    entries, value, day
):
    found = first_days_baseline(day_rows(entries))

    assert (found.value, found.on) == (value, None if day is None else on(day))
    assert found.status == ("missing" if value is None else "provisional")
