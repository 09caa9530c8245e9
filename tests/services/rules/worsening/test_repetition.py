"""What a rule has said before: once each, again after so many days, and worse speaks at once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.decision import RuleDecision
from services.rules.worsening.repetition import (
    NOTHING_SPOKEN,
    Occasion,
    Spoken,
    hold,
    repeated,
    spoken,
)
from tests.services.rules.rule_cases import on


def decision(rule, day, severity="medium", about=None, holds=True) -> RuleDecision:
    return RuleDecision(rule, "1", holds, holds, severity, {"on": on(day).isoformat()}, about)


@pytest.mark.parametrize(
    ("rule", "last", "day", "held"),
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
def test_a_rule_speaks_again_after_its_days(rule, last, day, held):
    said = spoken([Occasion(rule, on(last), "medium")], on(day))

    assert repeated(decision(rule, day), said) == held


@pytest.mark.parametrize("rule", ["M1", "M3", "A1", "B1", "U1", "N2"])
def test_what_another_rule_said_holds_nothing_back(rule):
    said = spoken([Occasion("M5", on(0), "medium", "here")], on(0))

    assert repeated(decision(rule, 0, about="here"), said) is None


@pytest.mark.parametrize("rule", ["M3", "M4", "M5", "N2"])
def test_some_rules_speak_once_of_each_course_or_session(rule):
    said = spoken([Occasion(rule, on(0), "medium", "first")], on(200))

    assert repeated(decision(rule, 200, about="first"), said) == "already_reported"
    assert repeated(decision(rule, 0, about="second"), said) is None


@pytest.mark.parametrize(
    ("name", "before", "severity", "held"),
    [
        ("blood after urgency", [(0, "medium")], "high", None),
        ("blood after blood", [(0, "high")], "high", "same_episode"),
        ("urgency after blood", [(0, "high")], "medium", "same_episode"),
        ("blood, urgency, blood", [(-3, "high"), (0, "medium")], "high", "same_episode"),
        ("blood long ago, urgency, blood", [(-300, "high"), (0, "medium")], "high", None),
    ],
)
def test_blood_is_not_swallowed_by_a_medium_finding(name, before, severity, held):
    said = spoken([Occasion("U1", on(day), was) for day, was in before], on(5))

    assert repeated(decision("U1", 5, severity), said) == held, name


def test_when_it_is_not_known_how_severe_the_last_finding_was_it_speaks():
    said = Spoken(last_opened_on={"U1": on(0)})

    assert repeated(decision("U1", 5, "medium"), said) is None


@pytest.mark.parametrize(
    ("before", "severity", "held"),
    [
        ("medium", "high", None),
        ("medium", "medium", "same_episode"),
        ("high", "high", "same_episode"),
        ("high", "medium", "same_episode"),
    ],
)
def test_severe_worsening_is_not_swallowed_by_worsening(before, severity, held):
    said = spoken([Occasion("M1", on(0), before)], on(5))

    assert repeated(decision("M1", 5, severity), said) == held


def test_rules_of_one_severity_do_not_repeat_themselves_because_they_got_worse():
    said = spoken([Occasion("A1", on(0), "medium")], on(5))

    assert repeated(decision("A1", 5, "high"), said) == "same_episode"


def test_nothing_said_holds_nothing():
    assert repeated(decision("M1", 0), NOTHING_SPOKEN) is None
    assert spoken([], on(0)) == NOTHING_SPOKEN


OCCASIONS = st.lists(
    st.builds(
        Occasion,
        st.sampled_from(["M1", "M3", "U1"]),
        st.integers(-30, 30).map(on),
        st.sampled_from(["medium", "high"]),
        st.sampled_from([None, "a", "b"]),
    ),
    max_size=6,
)


@given(OCCASIONS, st.randoms())
def test_the_order_of_what_was_said_never_matters(occasions, random):
    shuffled = list(occasions)
    random.shuffle(shuffled)

    assert spoken(shuffled, on(30)) == spoken(occasions, on(30))


@pytest.mark.parametrize(
    ("holds", "held", "fired"),
    [(True, None, True), (True, "late", False), (False, None, False)],
)
def test_a_decision_that_is_held_keeps_that_it_holds(holds, held, fired):
    kept = hold(decision("M1", 0, "medium" if holds else None, holds=holds), held)

    assert (kept.holds, kept.fired) == (holds, fired)
    assert kept.severity == ("medium" if fired else None)
    assert kept.inputs == {"on": on(0).isoformat(), "held": held}
