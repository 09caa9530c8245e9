"""A1 row by row: a rise above the usual, or severe anxiety at once."""

from __future__ import annotations

import pytest

from services.rules.decision import Tier
from services.rules.worsening.anxiety import a1
from tests.builders.rules.days import on, values


@pytest.mark.parametrize(
    ("name", "instrument", "scores", "baseline", "holds"),
    [
        ("6 above the form before", "gad7", {0: 4, 14: 10}, None, True),
        ("5 above", "gad7", {0: 4, 14: 9}, None, False),
        ("above a lower baseline", "gad7", {0: 8, 14: 10}, 4.0, True),
        ("a higher baseline does not count", "gad7", {0: 4, 14: 10}, 12.0, True),
        ("a baseline alone", "gad7", {14: 10}, 4.0, True),
        ("nothing to compare with", "gad7", {14: 14}, None, False),
        ("15 whatever came before", "gad7", {14: 15}, None, True),
        ("15 after 15", "gad7", {0: 15, 14: 15}, None, True),
        ("14 after 14", "gad7", {0: 14, 14: 14}, None, False),
        (
            "the median of the three before",
            "gad7",
            {0: 0, 1: 4, 2: 4, 3: 9, 4: 10},
            None,
            True,
        ),
        ("one low form is no median", "gad7", {0: 0, 1: 5, 2: 5, 4: 10}, None, False),
        ("90 days old still counts", "gad7", {0: 4, 90: 10}, None, True),
        ("91 days old does not", "gad7", {0: 4, 91: 10}, None, False),
        ("PCL-5: 10 above", "pcl5", {0: 20, 30: 30}, None, True),
        ("PCL-5: 9 above", "pcl5", {0: 20, 30: 29}, None, False),
        ("PCL-5 has no total that is enough", "pcl5", {0: 80, 30: 80}, None, False),
        ("no complete form", "gad7", {}, 4.0, False),
    ],
)
def test_a_rise_above_the_usual(name, instrument, scores, baseline, holds):
    decision = a1(instrument, values(scores), baseline)

    assert (decision.is_met, decision.fired) == (holds, holds), name
    assert decision.tier == (Tier.MEDIUM if holds else None)


def test_what_it_looked_at_is_kept():
    decision = a1("gad7", values({0: 4, 14: 9}), 6.0)

    assert (decision.rule, decision.rule_version, decision.about) == ("A1", "2", None)
    assert decision.inputs == {
        "on": on(14).isoformat(),
        "total": 9,
        "total_limit": 15,
        "readings": 2,
        "baseline": 6.0,
        "reference": 4,
        "rise": 5,
        "rise_limit": 6,
    }


def test_other_instruments_are_a_mistake():
    with pytest.raises(KeyError):
        a1("phq9", values({0: 4}), None)
