"""The S rules row by row (clinical.md 5.1), just below, at and just above each edge."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.rules.catalogue import CATALOGUE
from services.rules.danger.notes import find_terms
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.triage import (
    CONDITIONS,
    EntryFacts,
    RiskHistory,
    card_level,
    next_instrument,
    occurrence_tier,
    triage,
)
from services.rules.decision import Tier

NOW = datetime(2026, 11, 21, 22, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)
NEVER = RiskHistory()
WISH = find_terms("I want to die")
ACT = find_terms("I tried to hang myself")
DENIED = find_terms("no suicidal thoughts")
DENIED_PLAN = find_terms("no plan to kill myself")


def entry(kind="check_in", **facts):
    times = {"recorded_at": NOW, "received_at": NOW}
    return EntryFacts(kind=kind, **{**times, **facts})


def fired(facts, history=NEVER, plan_holds=False):
    return [each.rule for each in triage(facts, history, plan_holds) if each.fired]


def tier(facts, history=NEVER, plan_holds=False):
    return occurrence_tier(triage(facts, history, plan_holds))


@pytest.mark.parametrize(
    ("facts", "rules", "word"),
    [
        (entry(item9=None), [], None),
        (entry(item9=0), [], None),
        (entry(item9=1), ["S2"], "high"),
        (entry(item9=2), ["S1"], "critical"),
        (entry(item9=3), ["S1"], "critical"),
        (entry(item9="unknown"), ["S6b"], "medium"),
        (entry(cssrs="none"), [], None),
        (entry(cssrs="low"), ["S5"], "medium"),
        (entry(cssrs="moderate"), ["S4"], "high"),
        (entry(cssrs="high"), ["S3"], "critical"),
        (entry(cssrs="unknown"), ["S9"], "high"),
        (entry(crisis_terms=WISH), ["S7b"], "medium"),
        (entry(item9=0, crisis_terms=WISH), ["S7b"], "medium"),
        (entry(item9="unknown", crisis_terms=WISH), ["S6b", "S7b"], "medium"),
        (entry(item9=1, crisis_terms=WISH), ["S2", "S7a"], "high"),
        (entry(item9=3, crisis_terms=WISH), ["S1", "S7a"], "critical"),
        (entry("side_effects", crisis_terms=WISH), ["S7b"], "medium"),
        (entry("help_request"), ["S8"], "critical"),
        (entry("help_request", crisis_terms=WISH), ["S7b", "S8"], "critical"),
        (entry("help_request", crisis_terms=DENIED), ["S7b", "S8"], "critical"),
        (entry(crisis_terms=ACT), ["S7a"], "high"),
        (entry(item9=0, crisis_terms=ACT), ["S7a"], "high"),
        (entry(cssrs="none", crisis_terms=ACT), ["S7a"], "high"),
        (entry(crisis_terms=find_terms("I want to die tonight")), ["S7a"], "high"),
        (entry(crisis_terms=DENIED), [], None),
        (entry(item9=0, crisis_terms=DENIED), [], None),
        (entry(item9="unknown", crisis_terms=DENIED), ["S6b"], "medium"),
        (entry(item9=1, crisis_terms=DENIED), ["S2", "S7a"], "high"),
        (entry(cssrs="low", crisis_terms=DENIED), ["S5"], "medium"),
        (entry(cssrs="unknown", crisis_terms=DENIED), ["S7b", "S9"], "high"),
        (entry(cssrs="moderate", crisis_terms=DENIED), ["S4", "S7b"], "high"),
        (entry(crisis_terms=DENIED_PLAN), ["S7b"], "medium"),
        (entry(cssrs="moderate", crisis_terms=DENIED_PLAN), ["S4", "S7a"], "high"),
        (entry("unreadable", unreadable_tier=Tier.CRITICAL), ["S10a"], "critical"),
        (entry("unreadable", unreadable_tier=Tier.HIGH), ["S10b"], "high"),
        (entry("unreadable"), ["S10a"], "critical"),
        (
            entry("unreadable", unreadable_tier=Tier.CRITICAL, sender_verified=False),
            ["S10c"],
            "critical",
        ),
        (
            entry("unreadable", unreadable_tier=Tier.HIGH, sender_verified=False),
            ["S10d"],
            "high",
        ),
    ],
)
def test_each_entry_fires_its_rows_and_no_other(facts, rules, word):
    assert fired(facts) == rules
    assert tier(facts) == (Tier.from_word(word) if word else None)


def test_every_row_is_decided_also_when_it_does_not_fire():
    decisions = triage(entry(item9=1), NEVER, plan_holds=False)
    assert [each.rule for each in decisions] == list(CONDITIONS)
    assert all(each.tier is None for each in decisions if not each.fired)
    assert decisions[0].inputs == {"item9": 1, "earlier_item9": None}
    assert RULES_VERSION.strip()


def test_a_match_that_opens_nothing_is_kept_with_the_decision():
    decided = triage(entry(item9=0, crisis_terms=DENIED), NEVER, False)
    (denied,) = (each for each in decided if each.rule == "S7b")
    kept = denied.inputs["crisis_terms"]
    assert not denied.fired
    assert "-en:suicide" in kept.split()


def test_every_rule_has_one_tier_at_most_and_keeps_what_it_looked_at():
    assert all(len(CATALOGUE[rule].tiers) <= 1 for rule in CONDITIONS)
    assert all(condition.inputs for condition in CONDITIONS.values())


def test_inputs_are_plain_json_values():
    refused = entry("unreadable", unreadable_tier=Tier.HIGH)
    by_rule = {each.rule: each.inputs for each in triage(refused, NEVER, plan_holds=True)}
    assert by_rule["S10b"] == {
        "kind": "unreadable",
        "unreadable_tier": "high",
        "sender_verified": True,
    }
    assert by_rule["S2"]["plan_holds"] is True
    assert by_rule["S6a"]["recent_risk"] is False


@pytest.mark.parametrize("at_risk", ["item9_positive_at", "cssrs_moderate_at"])
@pytest.mark.parametrize(
    ("ago", "rule"),
    [
        (timedelta(0), "S6a"),
        (timedelta(days=14) - SECOND, "S6a"),
        (timedelta(days=14), "S6a"),
        (timedelta(days=14) + SECOND, "S6b"),
        (-timedelta(days=3), "S6a"),
    ],
)
def test_unknown_item9_is_high_for_someone_at_risk_in_the_last_14_days(at_risk, ago, rule):
    assert fired(entry(item9="unknown"), RiskHistory(**{at_risk: NOW - ago})) == [rule]


def test_a_phone_ahead_of_time_does_not_age_the_risk():
    ahead = entry(item9="unknown", recorded_at=NOW + timedelta(days=400))
    assert fired(ahead, RiskHistory(item9_positive_at=NOW - timedelta(days=1))) == ["S6a"]


@pytest.mark.parametrize(
    ("ago", "rules"),
    [
        (timedelta(0), []),
        (timedelta(hours=24) - SECOND, []),
        (timedelta(hours=24), []),
        (timedelta(hours=24) + SECOND, ["S5"]),
        (-SECOND, ["S5"]),
    ],
)
def test_cssrs_low_is_no_occurrence_only_as_follow_up_of_a_positive_item9(ago, rules):
    assert fired(entry(cssrs="low"), RiskHistory(item9_positive_at=NOW - ago)) == rules


def test_cssrs_low_of_a_skewed_phone_is_never_taken_for_a_follow_up():
    skewed = entry(cssrs="low", flags=frozenset({"clock_skew"}))
    assert fired(skewed, RiskHistory(item9_positive_at=NOW)) == ["S5"]


@pytest.mark.parametrize(
    ("facts", "rules"),
    [
        (entry(item9=1), ["S2p"]),
        (entry(item9=2), ["S1"]),
        (entry(item9="unknown"), ["S6b"]),
        (entry(item9=1, crisis_terms=WISH), ["S2p", "S7a"]),
        (entry("help_request"), ["S8"]),
    ],
)
def test_a_standing_plan_spares_item9_of_1_and_nothing_else(facts, rules):
    assert fired(facts, plan_holds=True) == rules


def test_a_spared_answer_has_no_tier():
    assert tier(entry(item9=1), plan_holds=True) is None


@pytest.mark.parametrize(
    ("earlier", "now", "rules"),
    [
        (None, 0, []),
        (None, 1, ["S2"]),
        (0, 1, ["S2"]),
        (0, 2, ["S1"]),
        (1, 1, []),
        (1, 2, ["S1"]),
        (2, 1, []),
        (2, 2, []),
        (2, 3, ["S1"]),
        (3, 3, []),
        (3, "unknown", []),
        (0, "unknown", []),
        (None, "unknown", []),
        (3, None, []),
    ],
)
def test_an_amended_item9_counts_only_above_the_highest_version(earlier, now, rules):
    assert fired(entry("amendment", item9=now, earlier_item9=earlier)) == rules


@pytest.mark.parametrize(
    ("earlier", "now", "rules"),
    [
        (None, "low", ["S5"]),
        ("none", "low", ["S5"]),
        ("none", "none", []),
        ("low", "low", []),
        ("low", "unknown", ["S9"]),
        ("unknown", "low", []),
        ("unknown", "moderate", ["S4"]),
        ("moderate", "unknown", []),
        ("moderate", "high", ["S3"]),
        ("high", "none", []),
        ("high", None, []),
    ],
)
def test_an_amended_cssrs_counts_only_above_the_highest_version(earlier, now, rules):
    assert fired(entry("amendment", cssrs=now, earlier_cssrs=earlier)) == rules


def test_new_words_in_an_amendment_count_whatever_its_numbers():
    lower = entry("amendment", item9=1, earlier_item9=2, crisis_terms=WISH)
    assert fired(lower) == ["S7a"]


CARDS = [
    (entry(item9=0), False, None),
    (entry(item9=None), False, None),
    (entry(item9=1), False, "support"),
    (entry(item9=1), True, "support"),
    (entry(item9=2), False, "crisis"),
    (entry(item9="unknown"), False, "support"),
    (entry(cssrs="none"), False, None),
    (entry(cssrs="low"), False, "support"),
    (entry(cssrs="unknown"), False, "support"),
    (entry(cssrs="moderate"), False, "support"),
    (entry(cssrs="high"), False, "crisis"),
    (entry(crisis_terms=WISH), False, "support"),
    (entry("help_request"), False, "crisis"),
    (entry("unreadable", unreadable_tier=Tier.HIGH), False, "support"),
    (entry("unreadable", unreadable_tier=Tier.CRITICAL), False, "crisis"),
    (entry("amendment", item9=1, earlier_item9=1), False, "support"),
    (entry("amendment", item9=3, earlier_item9=3), False, "crisis"),
    (entry("amendment", item9="unknown", earlier_item9=3), False, "support"),
    (entry("amendment", item9=0, earlier_item9=3), False, None),
    (entry("amendment", cssrs="high", earlier_cssrs="high"), False, "crisis"),
    (entry("amendment", cssrs="moderate", earlier_cssrs="high"), False, "support"),
]


@pytest.mark.parametrize(("facts", "plan_holds", "level"), CARDS)
def test_the_card_follows_the_answer_even_when_nobody_is_paged(facts, plan_holds, level):
    assert card_level(facts, triage(facts, NEVER, plan_holds)) == level


def test_a_follow_up_cssrs_of_low_still_gets_a_card():
    facts = entry(cssrs="low")
    decisions = triage(facts, RiskHistory(item9_positive_at=NOW), plan_holds=False)
    assert occurrence_tier(decisions) is None
    assert card_level(facts, decisions) == "support"


@pytest.mark.parametrize(
    ("item9", "asked_next"),
    [(None, None), ("unknown", None), (0, None), (1, "cssrs-screener"), (3, "cssrs-screener")],
)
def test_the_cssrs_is_asked_after_a_positive_item9(item9, asked_next):
    assert next_instrument(entry(item9=item9)) == asked_next
    since_last = "cssrs-since-last-contact" if asked_next else None
    assert next_instrument(entry(item9=item9, lifetime_on_file=True)) == since_last
