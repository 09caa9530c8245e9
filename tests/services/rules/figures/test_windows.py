"""Trend, spread and item 9 of a series, by hand."""

from __future__ import annotations

import pytest

from services.rules.day_series import day_rows
from services.rules.figures.item9 import Item9On, LevelOn, item9, item9_of_all_forms
from services.rules.figures.status import reliable_change
from services.rules.figures.windows import instability, trend_test
from services.rules.statistics import mann_kendall
from tests.builders.rules.days import entry, on, run, values


@pytest.mark.parametrize(
    ("scores", "s", "variance", "p", "direction"),
    [
        # n(n-1)(2n+5)/18 = 5*4*15/18; z = -9 / 4.0825 = -2.2045.
        ((10, 9, 8, 7, 6), -10, 50 / 3, 0.027486336, "falling"),
        # One tie of two takes 2*1*9/18 = 1 away; z = 8 / 3.9581 = 2.0212.
        ((5, 6, 6, 7, 8), 9, 47 / 3, 0.043262728, "rising"),
        ((5, 7, 5, 7, 6), 2, 44 / 3, 0.794002, "rising"),
        ((1, 2, 3, 2, 1), 0, 44 / 3, 1, "flat"),
        ((4, 4, 4, 4, 4), 0, 0, 1, "flat"),
        ((4,), 0, 0, 1, "flat"),
        ((), 0, 0, 1, "flat"),
    ],
)
def test_mann_kendall_by_hand(scores, s, variance, p, direction):
    found = mann_kendall(scores)

    assert (found.s, found.direction) == (s, direction)
    assert float(found.variance) == pytest.approx(variance)
    assert found.p == pytest.approx(p, abs=1e-6)


def test_the_trend_is_tested_over_the_days_of_the_slope():
    assert trend_test(values(run(0, 27, *[None] * 12, 4, 5, 6, 7))) is None
    assert trend_test(values(run(0, 0, 27, *[None] * 9, 4, 5, 6, 7))).s == 2


@pytest.mark.parametrize(
    ("scores", "sd", "mssd", "n"),
    [
        # Variance (7 * 752 - 72 * 72) / 42; squares 1, 4, 9, 1, 0, 9 over six adjacent pairs.
        ((10, 11, 9, 12, 11, 11, 8), 1.3801311187, 4, 7),
        # Pairs across a missing day are not adjacent: 4 and 4 and 4 and 4 and 4 remain.
        ((10, 12, 10, None, 10, 12, 10, 12), 1.0690449676, 4, 7),
        ((9, None, 9, None, 9, None, 9, None, 9, None, 9, None, 9), 0, None, 7),
    ],
)
def test_instability_by_hand(scores, sd, mssd, n):
    found = instability(values(run(0, *scores)))

    assert found.sd == pytest.approx(sd)
    assert (found.mssd, found.n) == (mssd, n)


def test_instability_needs_seven_days_of_a_fortnight():
    assert instability(values(run(0, 1, 2, 3, 4, 5, 6))) is None
    assert instability(values({**run(0, 27), **run(14, 1, 2, 3, 4, 5, 6)})) is None
    assert instability(()) is None


def rows(*answers):
    """Days and their item 9."""
    return day_rows([entry(day, 10, hour, given) for day, hour, given in answers])


@pytest.mark.parametrize(
    ("answers", "last", "since", "highest"),
    [
        ([(1, 9, 0), (3, 9, 2), (3, 20, 0), (5, 9, 0)], 3, 7, 2),
        ([(1, 9, 1), (10, 9, 1)], 10, 0, 1),
        ([(1, 9, 0), (3, 9, None)], None, None, 0),
        ([(3, 9, None)], None, None, None),
        ([], None, None, None),
    ],
)
def test_item_9_is_the_highest_of_the_day_and_never_a_mean(answers, last, since, highest):
    found = item9(rows(*answers), [], on(10))

    assert found.last_positive_on == (None if last is None else on(last))
    assert (found.days_since_positive, found.highest) == (since, highest)


def test_item_9_of_all_forms_names_the_form():
    answers = [
        Item9On(on(day), value, form)
        for day, value, form in [
            (3, 3, "phq9"),
            (3, 1, "phq9-daily"),
            (5, 0, "phq9"),
            (5, 2, "phq9-daily"),
            (11, 3, "phq9"),
        ]
    ]
    found = item9_of_all_forms(answers, [LevelOn(on(2), "high", "cssrs-screener")], on(10))
    assert (found.last_positive_on, found.days_since_positive) == (on(5), 5)
    assert (found.last_positive_form, found.highest, found.highest_form) == (
        "phq9-daily",
        3,
        "phq9",
    )
    assert found.days == (answers[0], answers[3])
    assert found.levels == (LevelOn(on(2), "high", "cssrs-screener"),)
    never = item9_of_all_forms([], [], on(10))
    assert (never.highest, never.highest_form, never.last_positive_form) == (None, None, None)
    harmless = item9_of_all_forms([Item9On(on(1), 0, "phq9")], [], on(10))
    assert (harmless.last_positive_on, harmless.highest, harmless.highest_form) == (None, 0, "phq9")


def test_the_timeline_of_the_cssrs_keeps_the_highest_level_of_a_day():
    levels = [
        LevelOn(on(day), level)
        for day, level in [(4, "none"), (2, "low"), (2, "high"), (2, "none"), (4, "unknown")]
    ]

    found = item9([], [*levels, LevelOn(on(5), "moderate"), LevelOn(on(11), "high")], on(10))

    assert found.levels == (
        LevelOn(on(2), "high"),
        LevelOn(on(4), "unknown"),
        LevelOn(on(5), "moderate"),
    )


def test_a_level_that_the_cssrs_does_not_have_is_an_error():
    with pytest.raises(ValueError, match="not in tuple"):
        item9([], [LevelOn(on(1), "severe"), LevelOn(on(1), "none")], on(2))


@pytest.mark.parametrize(
    ("points", "word"),
    [
        (4, "none"),
        (4.9, "none"),
        (5, "possible"),
        (-5, "possible"),
        (6, "reliable"),
        (-6, "reliable"),
        (0, "none"),
        (None, None),
    ],
)
def test_a_change_is_possible_from_five_points_and_reliable_from_six(points, word):
    assert reliable_change(points) == word
