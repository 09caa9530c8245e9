"""What a complete C-SSRS lowers (clinical.md 5.1), row by row and at its edges."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.rules.danger.lowering import (
    CssrsEntry,
    Occurrence,
    lower_all,
    lowered,
)
from services.rules.danger.notes import find_terms
from services.rules.danger.triage import EntryFacts, RiskHistory, triage
from services.rules.decision import Tier

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
DAY = 24 * HOUR
TIERS = {"S1": Tier.CRITICAL, "S3": Tier.CRITICAL, "S8": Tier.CRITICAL, "S10a": Tier.CRITICAL}
TIERS |= {"S5": Tier.MEDIUM, "S6b": Tier.MEDIUM, "S7b": Tier.MEDIUM}


def occurrence(rule, ago=HOUR, received_ago=None):
    received = NOW - (ago if received_ago is None else received_ago)
    return Occurrence(rule, TIERS.get(rule, Tier.HIGH), NOW - ago, received)


def cssrs(level="none", **changes):
    return replace(CssrsEntry(level, True, NOW, NOW), **changes)


@pytest.mark.parametrize(
    ("rule", "none", "low", "moderate", "high"),
    [
        ("S1", "high", "high", "high", "critical"),
        ("S2", "medium", "medium", "high", "high"),
        ("S3", "critical", "critical", "critical", "critical"),
        ("S4", "high", "high", "high", "high"),
        ("S5", "medium", "medium", "medium", "medium"),
        ("S6a", "medium", "medium", "high", "high"),
        ("S6b", "medium", "medium", "medium", "medium"),
        ("S7a", "high", "high", "high", "high"),
        ("S7b", "medium", "medium", "medium", "medium"),
        ("S8", "critical", "critical", "critical", "critical"),
        ("S9", "medium", "medium", "high", "high"),
        ("S10a", "critical", "critical", "critical", "critical"),
        ("S10b", "high", "high", "high", "high"),
    ],
)
def test_each_rule_is_lowered_to_its_floor_or_the_cssrs_own_tier(rule, none, low, moderate, high):
    levels = {"none": none, "low": low, "moderate": moderate, "high": high}
    for level, word in levels.items():
        assert lowered(occurrence(rule), cssrs(level)) is Tier.from_word(word)


@pytest.mark.parametrize(
    "doubtful",
    [
        {"complete": False},
        {"level": "unknown"},
        {"amended": True},
        *({"flags": frozenset({flag})} for flag in ("clock_skew", "entered_late")),
        *({"flags": frozenset({flag})} for flag in ("token_expired", "entered_by_staff")),
    ],
)
def test_a_cssrs_in_doubt_lowers_nothing(doubtful):
    assert lowered(occurrence("S1"), cssrs(**doubtful)) is Tier.CRITICAL


def test_a_flag_that_casts_no_doubt_does_not_matter():
    harmless = cssrs(flags=frozenset({"timezone_missing"}))
    assert lowered(occurrence("S1"), harmless) is Tier.HIGH


@pytest.mark.parametrize(
    ("recorded_ago", "received_ago", "word"),
    [
        (SECOND, SECOND, "medium"),
        (DAY, DAY, "medium"),
        (DAY + SECOND, DAY, "high"),
        (DAY, DAY + SECOND, "high"),
        (timedelta(0), SECOND, "high"),
        (SECOND, timedelta(0), "high"),
        (-HOUR, HOUR, "high"),
        (HOUR, -HOUR, "high"),
    ],
)
def test_only_what_was_recorded_and_received_within_24_h_before_is_lowered(
    recorded_ago, received_ago, word
):
    assert lowered(occurrence("S2", recorded_ago, received_ago), cssrs()) is Tier.from_word(word)


def test_lowering_is_for_good_and_a_second_cssrs_never_raises_again():
    once = lower_all([occurrence("S1"), occurrence("S2")], cssrs("none"))
    assert [each.tier for each in once] == [Tier.HIGH, Tier.MEDIUM]
    assert lower_all(once, cssrs("high")) == once


def test_an_entry_that_fires_two_rules_stays_as_urgent_as_the_one_that_is_not_lowered():
    words = find_terms("want to die")
    facts = EntryFacts("check_in", NOW - HOUR, NOW - SECOND, item9=1, crisis_terms=words)
    fired = [each for each in triage(facts, RiskHistory(), plan_holds=False) if each.tier]
    assert [decision.rule for decision in fired] == ["S2", "S7a"]
    found = [
        Occurrence(each.rule, each.tier, facts.recorded_at, facts.received_at) for each in fired
    ]
    assert max(each.tier for each in lower_all(found, cssrs("none"))) is Tier.HIGH
