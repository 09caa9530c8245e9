"""What a rule has said before: once each, again after so many days, and worse speaks at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.decision import Decision, Tier
from services.rules.worsening.repetition import (
    NO_ALERTS_YET,
    AlertHistory,
    PastOccurrence,
    alert_history,
    repeat_suppression,
)
from tests.builders.rules.days import on


def decision(rule, day, tier=Tier.MEDIUM, about=None, is_met=True) -> Decision:
    return Decision(rule, "1", is_met, is_met, tier, {"on": on(day).isoformat()}, about)


@pytest.mark.parametrize(
    ("rule", "last", "day", "suppressed_by"),
    [
        ("M1", 0, 13, "same_episode"),
        ("M1", 0, 14, None),
        ("A1", 0, 13, "same_episode"),
        ("A1", 0, 14, None),
        ("B1", 0, 6, "same_episode"),
        ("B1", 0, 7, None),
        ("U1", 0, 13, "same_episode"),
        ("U1", 0, 14, None),
        ("A1", 5, 3, "same_episode"),  # about a day before the last alert
        ("E5", 0, 0, None),
        ("E1", 0, 0, None),
    ],
)
def test_a_rule_speaks_again_after_its_days(rule, last, day, suppressed_by):
    history = alert_history([PastOccurrence(rule, on(last), Tier.MEDIUM)], on(day))

    assert repeat_suppression(decision(rule, day), history) == suppressed_by


@pytest.mark.parametrize("rule", ["M1", "M3", "A1", "B1", "U1", "N2"])
def test_alerts_of_another_rule_suppress_nothing(rule):
    history = alert_history([PastOccurrence("M5", on(0), Tier.MEDIUM, "here")], on(0))

    assert repeat_suppression(decision(rule, 0, about="here"), history) is None


@pytest.mark.parametrize("rule", ["M3", "M4", "M5", "N2"])
def test_some_rules_speak_once_of_each_course_or_session(rule):
    history = alert_history([PastOccurrence(rule, on(0), Tier.MEDIUM, "first")], on(200))

    assert repeat_suppression(decision(rule, 200, about="first"), history) == "already_reported"
    assert repeat_suppression(decision(rule, 0, about="second"), history) is None


@pytest.mark.parametrize(
    ("name", "before", "tier", "suppressed_by"),
    [
        ("blood after urgency", [(0, Tier.MEDIUM)], Tier.HIGH, None),
        ("blood after blood", [(0, Tier.HIGH)], Tier.HIGH, "same_episode"),
        ("urgency after blood", [(0, Tier.HIGH)], Tier.MEDIUM, "same_episode"),
        ("blood, urgency, blood", [(-3, Tier.HIGH), (0, Tier.MEDIUM)], Tier.HIGH, "same_episode"),
        ("blood long ago, urgency, blood", [(-300, Tier.HIGH), (0, Tier.MEDIUM)], Tier.HIGH, None),
    ],
)
def test_blood_is_not_swallowed_by_a_medium_finding(name, before, tier, suppressed_by):
    history = alert_history([PastOccurrence("U1", on(day), was) for day, was in before], on(5))

    assert repeat_suppression(decision("U1", 5, tier), history) == suppressed_by, name


def test_when_it_is_not_known_how_severe_the_last_finding_was_it_speaks():
    history = AlertHistory(last_opened_on={"U1": on(0)})

    assert repeat_suppression(decision("U1", 5, Tier.MEDIUM), history) is None


@pytest.mark.parametrize(
    ("before", "tier", "suppressed_by"),
    [
        (Tier.MEDIUM, Tier.HIGH, None),
        (Tier.MEDIUM, Tier.MEDIUM, "same_episode"),
        (Tier.HIGH, Tier.HIGH, "same_episode"),
        (Tier.HIGH, Tier.MEDIUM, "same_episode"),
    ],
)
def test_severe_worsening_is_not_swallowed_by_worsening(before, tier, suppressed_by):
    history = alert_history([PastOccurrence("M1", on(0), before)], on(5))

    assert repeat_suppression(decision("M1", 5, tier), history) == suppressed_by


def test_rules_of_one_tier_do_not_repeat_themselves_because_they_got_worse():
    history = alert_history([PastOccurrence("A1", on(0), Tier.MEDIUM)], on(5))

    assert repeat_suppression(decision("A1", 5, Tier.HIGH), history) == "same_episode"


def test_without_alert_history_nothing_is_suppressed():
    assert repeat_suppression(decision("M1", 0), NO_ALERTS_YET) is None
    assert alert_history([], on(0)) == NO_ALERTS_YET


OCCASIONS = st.lists(
    st.builds(
        PastOccurrence,
        st.sampled_from(["M1", "M3", "U1"]),
        st.integers(-30, 30).map(on),
        st.sampled_from([Tier.MEDIUM, Tier.HIGH]),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=6,
)


@given(OCCASIONS, st.randoms())
def test_the_order_of_the_alert_history_never_matters(occasions, random):
    shuffled = list(occasions)
    random.shuffle(shuffled)

    assert alert_history(shuffled, on(30)) == alert_history(occasions, on(30))


@pytest.mark.parametrize(
    ("is_met", "suppressed_by", "fired"),
    [(True, None, True), (True, "late", False), (False, None, False)],
)
def test_a_suppressed_decision_keeps_that_it_was_met(is_met, suppressed_by, fired):
    kept = decision("M1", 0, Tier.MEDIUM if is_met else None, is_met=is_met).suppressed(
        suppressed_by
    )

    assert (kept.is_met, kept.fired) == (is_met, fired)
    assert kept.tier == (Tier.MEDIUM if fired else None)
    assert kept.inputs == {"on": on(0).isoformat(), "held": suppressed_by}
