"""Rule M1 row by row: the two-week PHQ-9 against the patient's own recent forms."""

from __future__ import annotations

from fractions import Fraction

import pytest

from services.rules.day_series import DayValue
from services.rules.decision import Tier
from services.rules.worsening.reliable_worsening import m1
from tests.builders.rules.days import on


def forms(*totals: int, every: int = 7) -> list[DayValue]:
    """Readings a week apart unless said otherwise."""
    return [DayValue(on(every * index), total) for index, total in enumerate(totals)]


@pytest.mark.parametrize(
    ("name", "totals", "baseline", "holds"),
    [
        ("two in a row six above", [18, 5, 5, 5, 11, 11], 18, True),
        ("two in a row, one of them only five above", [18, 5, 5, 5, 10, 11], 18, False),
        ("the other only five above", [18, 5, 5, 5, 11, 10], 18, False),
        ("one form six above", [18, 5, 5, 5, 11], 18, False),
        ("one form eight above", [18, 5, 5, 5, 13], 18, False),
        ("one form nine above", [18, 5, 5, 5, 14], 18, True),
        ("two elevated forms apart", [18, 5, 5, 5, 11, 5, 11], 18, False),
        ("the baseline is lower than the recent forms", [4, 12, 12], 4, True),
        ("the baseline is lower, one form of nine", [4, 13], 4, True),
        ("fewer than three forms before: their median", [18, 6, 12, 12], 18, False),
        ("one form before", [6, 12, 12], None, True),
        ("only the last three before count", [2, 9, 9, 9, 15, 14], 9, False),
        ("median of the last three", [2, 2, 9, 14], 20, True),
        ("better", [18, 12, 8, 5], 18, False),
        ("the first form is its own baseline", [18], 18, False),
        ("one form and nothing to compare it with", [18], None, False),
        ("two forms, the second nine above", [9, 18], None, True),
        ("no form", [], 18, False),
    ],
)
def test_m1_holds_exactly_when_it_should(name, totals, baseline, holds):
    decision = m1(forms(*totals), baseline)

    assert (decision.is_met, decision.fired) == (holds, holds), name
    assert (decision.tier is not None) == holds


@pytest.mark.parametrize(("total", "tier"), [(19, Tier.MEDIUM), (20, Tier.HIGH), (27, Tier.HIGH)])
def test_a_total_in_the_severe_band_raises_the_tier(total, tier):
    assert m1(forms(5, 5, 5, total), 18).tier is tier


def test_forms_older_than_ninety_days_say_nothing():
    old = [DayValue(on(0), 3), DayValue(on(1), 3)]

    def after(days: int) -> bool:
        newest = DayValue(on(days), 12)
        return m1([*old, newest], 18).is_met

    assert after(90)
    assert after(91), "the second of them is 90 days old"
    assert not after(92)


def test_an_old_form_does_not_confirm_a_new_one():
    readings = [DayValue(on(0), 11), DayValue(on(91), 11)]

    assert not m1(readings, 5).is_met
    assert m1([readings[0], DayValue(on(90), 11)], 5).is_met


def test_the_decision_keeps_all_it_looked_at():
    decision = m1(forms(18, 5, 6, 11, 12), 18.0)

    assert decision.rule == "M1"
    assert decision.inputs == {
        "on": "2026-03-29",
        "total": 12,
        "readings": 5,
        "baseline": 18.0,
        "single_reference": 6,
        "single_rise": 6,
        "single_rise_limit": 9,
        "pair_reference": 6,
        "pair_rise": 5,
        "pair_rise_limit": 6,
    }


def test_a_median_between_two_totals_is_not_rounded():
    decision = m1([*forms(5, 6, 12, 12)], None)

    assert decision.inputs["pair_reference"] == 5.5
    assert decision.inputs["pair_rise"] == Fraction(13, 2)


def test_the_order_in_which_forms_are_given_does_not_matter():
    readings = forms(18, 5, 5, 5, 11, 11)

    assert m1(readings[::-1], 18) == m1(readings, 18)
