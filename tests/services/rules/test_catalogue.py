"""The catalogue names every rule once, with what it needs, and the numbers that it prints."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from services.alerts.rules_failure import count_rules_failure
from services.rules.catalogue import CATALOGUE, FALLBACK, FAMILIES, Catalogue, Repeats, Rule
from services.rules.danger.fallback import fallback_tier
from services.rules.danger.numbers import RULES
from services.rules.danger.silence import silence_tier
from services.rules.danger.triage import CONDITIONS
from services.rules.decide import side_effects, vital_signs
from services.rules.decide.check_in import DECIDE, INSTRUMENTS, session_decisions
from services.rules.decision import Tier
from services.rules.instruments.definition import instrument, load_instruments
from services.rules.numbers import NumbersError
from services.rules.session_day.driving import e6_not_acknowledged
from services.rules.session_day.follow_up import lapsed
from services.rules.sources import values_at

# clinical.md 5.1
OF_AN_ANSWER = (
    *("S1", "S2", "S2p", "S3", "S4", "S5", "S6a", "S6b", "S7a", "S7b", "S8", "S9", "S10a", "S10b"),
    *("S10c", "S10d"),
    "fallback",
)
OTHERS = (
    *("rules_failed", "N1", "E1", "E2", "E3", "E4", "E5", "E6", "E7", "U1"),
    *("M1", "M2", "M3", "M4", "M5", "A1", "B1", "N2"),
)
DECIDED_ON: dict[str, Mapping[str, Callable[..., object]]] = {
    **{code: {rule: DECIDE[rule] for rule in rules} for code, rules in INSTRUMENTS.items()},
    "side_effects": side_effects.DECIDE,
    "vital_signs": vital_signs.DECIDE,
    "session": {"M4": session_decisions, "E6": e6_not_acknowledged},
}
FOR_WANT_OF_AN_ANSWER: dict[str, Callable[..., object]] = {
    "fallback": fallback_tier,
    "rules_failed": count_rules_failure,
    "N1": silence_tier,
    "N2": lapsed,
}
ENTRIES = {
    "check_in",
    "note",
    "help_request",
    "refused_request",
    "side_effects",
    "vital_signs",
    "session",
}


def test_every_rule_stands_in_it_once_and_says_something_of_its_own():
    assert list(CATALOGUE) == [*OF_AN_ANSWER, *OTHERS]
    words = [rule.words for rule in CATALOGUE.values()]
    assert len(set(words)) == len(words)
    assert not any(sign in word for word in words for sign in "{}~")


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=lambda rule: rule.id)
def test_a_rule_has_all_that_decides_who_hears_of_it_and_how_often(rule: Rule):
    assert list(rule.tiers) == sorted(set(rule.tiers), reverse=True)
    assert bool(rule.tiers) == (rule.id != "S2p")
    assert set(rule.looks_at) <= ENTRIES | load_instruments().keys()
    assert all(values_at(place) for place in rule.numbers)
    assert (rule.cause != "") == (rule.id in OF_AN_ANSWER and rule.id != "S2p")
    if rule.family in ("suicide_risk", "unreadable_risk") or rule.id.startswith("E"):
        assert rule.repeats is Repeats.ALWAYS
    if rule.interrupts != "never":
        assert Tier.CRITICAL in rule.tiers


def test_every_rule_is_decided_by_one_function_for_each_thing_that_it_looks_at():
    assert CONDITIONS.keys() == {rule for rule in OF_AN_ANSWER if rule != FALLBACK}
    for rule in CATALOGUE.values():
        if rule.id in CONDITIONS:
            assert not any(rule.id in decided for decided in DECIDED_ON.values()), rule.id
        elif rule.id not in FOR_WANT_OF_AN_ANSWER:
            places = {place for place, decided in DECIDED_ON.items() if rule.id in decided}
            assert places == set(rule.looks_at), rule.id
    assert {rule for decided in DECIDED_ON.values() for rule in decided} <= CATALOGUE.keys()


def test_only_these_repeat_with_time_or_once_of_each():
    suppressed = {
        rule.id: rule.repeats for rule in CATALOGUE.values() if rule.repeats.is_suppressed
    }
    assert suppressed == {
        "M1": Repeats.AFTER_DAYS_OR_GRAVER,
        "U1": Repeats.AFTER_DAYS_OR_GRAVER,
        "A1": Repeats.AFTER_DAYS,
        "B1": Repeats.AFTER_DAYS,
        "M2": Repeats.AFTER_EPISODE,
        "M3": Repeats.ONCE_A_COURSE,
        "M4": Repeats.ONCE_A_COURSE,
        "M5": Repeats.ONCE_A_SESSION,
        "N2": Repeats.ONCE_A_SESSION,
    }


def test_only_these_interrupt_an_acknowledgement():
    interrupting = {
        rule.id: rule.interrupts for rule in CATALOGUE.values() if rule.interrupts != "never"
    }
    critical = dict.fromkeys(("S3", "S8", "S10a", "fallback"), "when critical")
    assert interrupting == {"S1": "when item 9 is 3", **critical}


def test_the_words_take_their_numbers_from_the_files():
    assert CATALOGUE["S1"].words == "item 9 is 2 or 3"
    assert CATALOGUE["S2"].words == "item 9 is 1"
    assert CATALOGUE["S6a"].words.endswith("in the last 14 days")
    assert "180/120\N{NO-BREAK SPACE}mmHg" in CATALOGUE["E2"].words
    with pytest.raises(NumbersError, match=r"words: names .e2.pulse."):
        replace(CATALOGUE["E2"], words="a pulse of {e2.pulse}")


def test_item_9_goes_as_far_as_the_words_say():
    for code in ("phq9", "phq9-daily"):
        asked = instrument(code)
        item = next(each for each in asked.items if each.link_id == asked.item9_link_id)
        assert item.highest == 3


def test_a_family_without_rules_and_a_rule_without_family_are_refused():
    with pytest.raises(NumbersError, match="families"):
        Catalogue(CATALOGUE, {**FAMILIES, "x7": FAMILIES["e1"]})
    with pytest.raises(NumbersError, match="families"):
        Catalogue({**CATALOGUE, "X7": replace(CATALOGUE["E1"], family="x7")}, FAMILIES)


def test_a_rule_that_would_page_nobody_is_refused():
    with pytest.raises(NumbersError, match="tiers"):
        replace(CATALOGUE["S1"], tiers=())


def test_what_a_cssrs_lowers_are_rules_of_the_catalogue():
    assert RULES.lowering_floors.keys() <= CATALOGUE.keys()
