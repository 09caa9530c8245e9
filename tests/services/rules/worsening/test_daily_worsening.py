"""Rule M2 against hand-computed values: reference, EWMA, run of three, gaps."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.day_series import DayValue
from services.rules.decision import Tier
from services.rules.worsening.daily_worsening import m2
from tests.builders.rules.days import on


def days(*scores: int | None) -> list[DayValue]:
    """Consecutive mood days; None is a day without an answer."""
    return [DayValue(on(index), score) for index, score in enumerate(scores) if score is not None]


STEADY = [5] * 14


@pytest.mark.parametrize(
    ("name", "scores", "baseline", "holds"),
    [
        ("steady", [*STEADY, 5, 5, 5, 5], 18, False),
        # Averages 7.4 and 8.84 against 5 + 3: the second day is over, the first is not.
        ("two days of six more", [*STEADY, 5, 5, 11, 11], 18, False),
        # 7.4, 8.84, 9.704: two days over the limit.
        ("three days of six more", [*STEADY, 5, 11, 11, 11], 18, True),
        ("one very bad day", [*STEADY, 5, 5, 5, 20], 18, False),
        # 13.0 and 12.2 after 25 and 11: both over 8.
        ("a very bad day and a bad one", [*STEADY, 5, 5, 25, 11], 18, True),
        # Run of three: limit 5 + max(1.5, 4) = 9; ten is over, nine is not.
        ("three days of ten", [*STEADY, 5, 10, 10, 10], 18, True),
        ("three days of nine", [*STEADY, 5, 9, 9, 9], 18, False),
        ("a missed day between does not break", [*STEADY, 11, None, 11, 11], 18, True),
        ("tied to the lower baseline", [*[12] * 14, 12, 12, 12, 12], 5, True),
        ("a worsening already part of the reference", [*STEADY, *[11] * 18], 18, False),
    ],
)
def test_m2_holds_exactly_when_it_should(name, scores, baseline, holds):
    decision = m2(days(*scores), baseline)

    assert (decision.is_met, decision.fired) == (holds, holds), name
    assert decision.tier == (Tier.MEDIUM if holds else None)


@pytest.mark.parametrize(
    ("missed", "by_ewma"),
    [(0, True), (1, True), (2, True), (3, False), (4, False)],
)
def test_a_gap_of_three_missed_days_breaks_two_days_in_a_row(missed, by_ewma):
    # From a baseline of 5: averages 9 and 11, both over 8.
    decision = m2(days(15, *[None] * missed, 14), 5.0)

    assert decision.inputs["ewma_above"] is by_ewma
    assert decision.is_met is by_ewma


@pytest.mark.parametrize(
    ("scores", "by_run"),
    [
        ((10, 10, 10), True),
        ((10, None, 10, None, 10), True),
        ((10, None, None, 10, None, 10), False),
        ((10, 10), False),
        ((9, 10, 10), False),
    ],
)
def test_three_observed_days_count_within_five_calendar_days(scores, by_run):
    assert m2(days(*scores), 5.0).inputs["run_above"] is by_run


@pytest.mark.parametrize(
    ("scores", "baseline", "reference", "counted", "sd"),
    [
        # Five days at least four days back: their median and spread (sd of 4, 5, 6, 7, 8).
        ([4, 5, 6, 7, 8, None, None, None, 6], 18.0, 6.0, 5, 2.5**0.5),
        ([4, 5, 6, 7, 8, None, None, None, 6], 5.5, 5.5, 5, 2.5**0.5),
        ([4, 5, 6, 7, 8, None, None, None, 6], None, 6.0, 5, 2.5**0.5),
        # Only four of them: the baseline alone, with the floor of the spread.
        ([4, None, 6, 7, 8, None, None, None, 6], 18.0, 18.0, 4, 1.0),
        # A steady patient: the floor as well.
        ([5, 5, 5, 5, 5, 5, 5, 5, 5], 18.0, 5.0, 5, 1.0),
        # The fourth day back counts, the third does not.
        ([1, 1, 1, 1, 27, 27, 27, 27], 18.0, 18.0, 4, 1.0),
        ([1, 1, 1, 1, 1, 27, 27, 27, 27], 18.0, 1.0, 5, 1.0),
        # The seventeenth day back counts, the eighteenth does not.
        ([27, 3, 1, 1, 1, 2, *[None] * 12, 1], 18.0, 1.0, 5, 0.8**0.5),
    ],
)
def test_the_reference_is_the_lower_of_baseline_and_recent_median(
    scores, baseline, reference, counted, sd
):
    inputs = m2(days(*scores), baseline).inputs

    assert inputs["reference"] == reference
    assert inputs["reference_days"] == counted
    assert inputs["sd"] == pytest.approx(max(sd, 1.0))


def test_the_limits_widen_with_the_patients_own_spread():
    inputs = m2(days(*[2, 8] * 7, 5, 5, 5, 5), 18.0).inputs

    sd = (14 * 9 / 13) ** 0.5  # 2 and 8 around 5
    share = 0.25 * (1 - 0.6**36)
    assert inputs["run_limit"] == pytest.approx(5 + 1.5 * sd)
    assert inputs["ewma_limit"] == pytest.approx(5 + 3 * sd * share**0.5)


def test_the_average_starts_at_the_reference_and_skips_missing_days():
    inputs = m2(days(10, None, None, 8), 5.0).inputs

    assert inputs["ewma"] == pytest.approx(0.4 * 8 + 0.6 * (0.4 * 10 + 0.6 * 5))
    assert inputs["ewma_limit"] == pytest.approx(5 + 3)


@pytest.mark.parametrize(
    ("values", "on"), [([], None), (days(20, 20, 20), "2026-03-03")], ids=["no day", "no reference"]
)
def test_without_anything_to_compare_with_m2_says_no(values, on):
    decision = m2(values, None)

    assert not decision.is_met
    assert decision.inputs == {"on": on, "baseline": None, "reference": None}


def test_without_a_day_there_is_no_decision_even_with_a_baseline():
    assert not m2([], 5.0).is_met


SCORES = st.lists(st.none() | st.integers(0, 27), min_size=1, max_size=40)


@given(SCORES, st.randoms(use_true_random=False))
def test_the_order_in_which_days_are_given_does_not_matter(scores, dice):
    values = days(*scores)
    shuffled = list(values)
    dice.shuffle(shuffled)

    assert m2(shuffled, 12.0) == m2(values, 12.0)


@given(SCORES)
def test_days_before_the_window_do_not_matter(scores):
    values = days(*scores)
    recent = [value for value in values if (values[-1].day - value.day).days <= 17]

    assert m2(recent, 12.0) == m2(values, 12.0)


@given(SCORES, st.integers(-400, 400))
def test_a_shift_in_time_changes_nothing_but_the_day(scores, offset):
    values = days(*scores)
    shifted = [DayValue(v.day + timedelta(days=offset), v.value) for v in values]

    here, there = m2(values, 12.0), m2(shifted, 12.0)

    assert here.is_met == there.is_met
    assert {**here.inputs, "on": None} == {**there.inputs, "on": None}
