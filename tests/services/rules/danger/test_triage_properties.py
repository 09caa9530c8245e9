"""What must hold for all entries: worse is never less urgent, the fallback never disagrees down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.rules.danger.fallback import fallback_tier
from services.rules.danger.lowering import CssrsEntry, Occurrence, lower_all
from services.rules.danger.notes import find_terms
from services.rules.danger.triage import (
    EntryFacts,
    RiskHistory,
    card_level,
    occurrence_tier,
    triage,
)
from services.rules.decision import Tier

NOW = datetime(2026, 11, 21, 22, 15, tzinfo=UTC)
LEVELS = ["none", "low", "moderate", "high"]
hours = st.integers(-48, 48).map(lambda n: NOW + timedelta(hours=n))
histories = st.builds(RiskHistory, st.none() | hours, st.none() | hours)
item9s = st.none() | st.just("unknown") | st.integers(0, 3)
cssrs_levels = st.none() | st.sampled_from([*LEVELS, "unknown"])
flags = st.frozensets(st.sampled_from(["clock_skew", "entered_late", "timezone_missing"]))
notes = ["", "want to die", "not suicidal", "no overdose", "jumped off the roof"]
words = st.sampled_from(notes).map(find_terms)
kinds = st.sampled_from(["check_in", "amendment", "help_request"])


def facts(kind="check_in", recorded_at=NOW, received_at=NOW, **rest):
    return EntryFacts(kind=kind, recorded_at=recorded_at, received_at=received_at, **rest)


def occurrences_of(entry, decisions):
    """One for each decision with a tier."""
    return [
        Occurrence(each.rule, each.tier, entry.recorded_at, entry.received_at)
        for each in decisions
        if each.tier is not None
    ]


def alert_tier(occurrences):
    return max(each.tier for each in occurrences)


def urgency(entry, history, plan_holds):
    return occurrence_tier(triage(entry, history, plan_holds)) or 0


@given(st.integers(0, 3), st.integers(0, 3), cssrs_levels, words, histories, st.booleans())
def test_raising_item9_never_lowers_the_tier(one, two, cssrs, terms, history, plan_holds):
    lower, higher = sorted((one, two))
    rest = {"cssrs": cssrs, "crisis_terms": terms}
    assert urgency(facts(item9=lower, **rest), history, plan_holds) <= urgency(
        facts(item9=higher, **rest), history, plan_holds
    )


@given(st.sampled_from(LEVELS), st.sampled_from(LEVELS), item9s, flags, histories)
def test_raising_the_cssrs_never_lowers_the_tier(one, two, item9, some, history):
    lower, higher = sorted((one, two), key=LEVELS.index)
    rest = {"item9": item9, "flags": some}
    assert urgency(facts(cssrs=lower, **rest), history, False) <= urgency(
        facts(cssrs=higher, **rest), history, False
    )


@given(kinds, item9s, cssrs_levels, words, histories, hours, hours, flags)
def test_a_plan_only_ever_spares_and_never_the_card(
    kind, item9, cssrs, terms, history, recorded, received, some
):
    entry = facts(
        kind, recorded, received, item9=item9, cssrs=cssrs, crisis_terms=terms, flags=some
    )
    spared, paged = triage(entry, history, True), triage(entry, history, False)
    assert (occurrence_tier(spared) or 0) <= (occurrence_tier(paged) or 0)
    assert card_level(entry, spared) == card_level(entry, paged)


@given(kinds, item9s, cssrs_levels, words, histories)
def test_whatever_pages_gets_a_card_and_critical_a_crisis_card(kind, item9, cssrs, terms, history):
    entry = facts(kind, item9=item9, cssrs=cssrs, crisis_terms=terms)
    decisions = triage(entry, history, False)
    tier, level = occurrence_tier(decisions), card_level(entry, decisions)
    assert tier is None or level is not None
    assert tier is not Tier.CRITICAL or level == "crisis"
    assert (item9 or 0) in (0, "unknown") or level is not None


@given(st.integers(0, 3), histories, st.sampled_from(["phq9", "phq9-daily"]))
def test_the_fallback_is_never_below_the_rules_on_item9(item9, history, code):
    word = fallback_tier("check_in", code, {"q1": 0, "q9": item9})
    assert (Tier.from_word(word) if word else 0) >= urgency(facts(item9=item9), history, False)


@given(
    st.lists(st.tuples(kinds, item9s, cssrs_levels, hours, hours), min_size=1, max_size=6),
    st.sampled_from(LEVELS),
    hours,
    hours,
)
def test_a_later_answer_never_raises_by_lowering_nor_hides_an_alert(
    entries, level, recorded, received
):
    found = [
        occurrence
        for kind, item9, cssrs, at, came in entries
        for entry in (facts(kind, at, came, item9=item9, cssrs=cssrs),)
        for occurrence in occurrences_of(entry, triage(entry, RiskHistory(), False))
    ]
    after = lower_all(found, CssrsEntry(level, True, recorded, received))
    assert all(new.tier <= old.tier for old, new in zip(found, after, strict=True))
    assert all(new.tier >= Tier.MEDIUM for new in after)
    if any(each.rule == "S8" for each in found):
        assert alert_tier(after) is Tier.CRITICAL


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_harmless_answers_after_a_positive_one_leave_the_alert_where_it_was(values):
    worst = facts(item9=3)
    found = occurrences_of(worst, triage(worst, RiskHistory(), False))
    before = alert_tier(found)
    for value in values:
        later = facts(item9=value)
        found += occurrences_of(later, triage(later, RiskHistory(item9_positive_at=NOW), False))
    assert alert_tier(found) == before
