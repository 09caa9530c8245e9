"""The numbers of the safety rules: read whole or not at all."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.rules.danger.numbers import RULES, RuleSet
from services.rules.decision import Tier, highest
from services.rules.numbers import DATA, NumbersError, build, load


def test_the_packaged_numbers_are_those_of_the_clinical_reference():
    assert (RULES.item9_positive_from, RULES.item9_critical_from) == (1, 2)
    assert RULES.recent_risk == RULES.plan_longest == timedelta(days=14)
    assert RULES.lowering_reach == RULES.plan_cssrs_age == timedelta(hours=24)
    assert RULES.item9_before_cssrs == timedelta(hours=24)
    assert (RULES.plan_missed_mood_days, RULES.morning_mail_hour) == (2, 8)
    assert RULES.lowering_floors["S1"] is Tier.HIGH
    assert RULES.lowering_floors["S2"] is Tier.MEDIUM
    assert "S8" not in RULES.lowering_floors


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("recent_risk", 0, "must be above zero"),
        ("item9_critical_from", 0, "must be 1 to 3"),
        ("item9_positive_from", 3, "must not be above item9_critical_from"),
        ("cssrs_tier", {"low": "medium", "moderate": "high", "high": "critical"}, "needs none"),
        ("lowering_floors", {"S1": "severe"}, "must be one of low"),
        ("morning_mail_hour", 24, "must be 0 to 23"),
    ],
)
def test_a_slip_of_the_pen_is_an_error_and_never_a_half_read_rule_set(name, value, problem):
    content = load(DATA / "triage.toml")
    content[name]["value"] = value
    with pytest.raises(NumbersError, match=f"^triage.toml: {name}.*: {problem}"):
        build(content, RuleSet, "triage.toml")


def test_tiers_are_ordered_and_have_words():
    assert sorted(Tier) == [Tier.LOW, Tier.MEDIUM, Tier.HIGH, Tier.CRITICAL]
    assert [Tier.from_word(tier.word) for tier in Tier] == list(Tier)
    assert highest([]) is None
    assert highest([Tier.MEDIUM, Tier.HIGH]) is Tier.HIGH
    with pytest.raises(KeyError):
        Tier.from_word("severe")
