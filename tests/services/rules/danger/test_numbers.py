"""The numbers of the safety rules: read whole or not at all."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path

import pytest

import services.rules.danger.numbers as loaded
from services.rules.danger.numbers import RULES, RuleSetError, parse_rule_set
from services.rules.decision import Tier, highest

TEXT = (Path(loaded.__file__).parent.parent / "data" / "triage.toml").read_text("utf-8")


def test_the_packaged_numbers_are_those_of_the_clinical_reference():
    assert (RULES.item9_positive_from, RULES.item9_critical_from) == (1, 2)
    assert RULES.recent_risk == RULES.plan_longest == timedelta(days=14)
    assert RULES.lowering_reach == RULES.plan_cssrs_age == timedelta(hours=24)
    assert RULES.item9_before_cssrs == timedelta(hours=24)
    assert (RULES.plan_missed_mood_days, RULES.morning_mail_hour) == (2, 8)
    assert RULES.lowering_floors["S1"] is Tier.HIGH
    assert RULES.lowering_floors["S2"] is Tier.MEDIUM
    assert "S8" not in RULES.lowering_floors


def test_every_number_has_a_source_and_a_unit():
    entries = [value for value in tomllib.loads(TEXT).values() if isinstance(value, dict)]
    assert len(entries) == 13
    assert all(entry["source"] and entry["unit"] for entry in entries)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("version =", "version ", "not TOML"),
        ('version = "s-2026.11.1"', "", "version"),
        ('version = "s-2026.11.1"', 'version = " "', "version"),
        ("[recent_risk]", "[recent]", "recent_risk: missing"),
        ('unit = "days"', 'unit = " "', "needs a unit"),
        ("value = 14", 'value = "14"', "type int"),
        ("value = 14", "value = true", "type int"),
        ("value = 14", "value = 0", "above zero"),
        ('S1 = "high"', 'S1 = "severe"', "unknown tier"),
        ("value = 2\n", "value = 0\n", "item9_critical_from"),
        ("value = 1\n", "value = 0\n", "item9_positive_from"),
        ('none = "low", ', "", "cssrs_tier"),
        ("value = 8\n", "value = 24\n", "morning_mail"),
    ],
)
def test_a_slip_of_the_pen_is_an_error_and_never_a_half_read_rule_set(old, new, words):
    assert old in TEXT
    with pytest.raises(RuleSetError, match=words):
        parse_rule_set(TEXT.replace(old, new, 1))


def test_tiers_are_ordered_and_have_words():
    assert sorted(Tier) == [Tier.LOW, Tier.MEDIUM, Tier.HIGH, Tier.CRITICAL]
    assert [Tier.from_word(tier.word) for tier in Tier] == list(Tier)
    assert highest([]) is None
    assert highest([Tier.MEDIUM, Tier.HIGH]) is Tier.HIGH
    with pytest.raises(KeyError):
        Tier.from_word("severe")
