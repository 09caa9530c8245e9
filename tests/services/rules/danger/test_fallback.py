"""The dozen lines when the rules raise: right for danger, and nothing makes them raise."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.danger.fallback import fallback_tier
from tests.builders.rules.hostile import Hostile, HostileText


@pytest.mark.parametrize(
    ("instrument", "answers", "tier"),
    [
        ("phq9", {}, None),
        ("phq9", {"q9": 0}, None),
        ("phq9", {"q9": 1}, "high"),
        ("phq9", {"q9": 2}, "critical"),
        ("phq9-daily", {"q9": 3}, "critical"),
        ("phq9", {"q3": 1, "q4": 1, "q6": 1, "q9": 0}, None),
        ("phq9", {"q9": "declined"}, None),
        ("phq9", {"q9": None}, None),
        ("phq9", {"q9": True}, None),
        ("cssrs-screener", {"q1": 1, "q2": 1}, None),
        ("cssrs-screener", {"q3": 1}, "high"),
        ("cssrs-screener", {"q6": 1, "q6b": 0}, "high"),
        ("cssrs-screener", {"q4": 1}, "critical"),
        ("cssrs-screener", {"q5": 1}, "critical"),
        ("cssrs-screener", {"q6": 1, "q6b": 1}, "critical"),
        ("cssrs-screener", {"q3": 1, "q5": 1}, "critical"),
        ("cssrs-since-last-contact", {"q1": 1, "q2": 1}, None),
        ("cssrs-since-last-contact", {"q3": 1}, "high"),
        ("cssrs-since-last-contact", {"q4": 1}, "critical"),
        ("cssrs-since-last-contact", {"q6": 1}, "critical"),
        ("cssrs-since-last-contact", {"q6": 1, "q6b": 0}, "critical"),
        ("cssrs-since-last-contact", {"q9": 3}, None),
        ("gad7", {"q3": 1}, None),
        ("pcl5", {"q9": 3, "q4": 1}, None),
        ("asrm", {"q4": 1, "q5": 4}, None),
        ("urinary", {"q4": 1, "q5": 1}, None),
        ("mood", {"q1": 1}, None),
        ("unheard-of", {"q9": 1}, "high"),
        (None, {"q4": 1}, "critical"),
    ],
)
def test_item9_and_cssrs_decide(instrument, answers, tier):
    assert fallback_tier("check_in", instrument, answers) == tier


def test_a_help_request_is_critical_whatever_else_is_there():
    assert fallback_tier("help_request", None, None) == "critical"


class HostileDict(dict):
    def items(self):
        raise RuntimeError


@pytest.mark.parametrize(
    "kind", ["check_in", Hostile(), HostileText("help_request"), None], ids=range(4)
)
@pytest.mark.parametrize("instrument", ["phq9", Hostile(), HostileText("phq9"), 7], ids=range(4))
@pytest.mark.parametrize(
    "answers",
    [Hostile(), HostileDict(q9=3), {HostileText("q9"): 3}, {"q9": Hostile()}, {7: 3}, [], b""],
    ids=range(7),
)
def test_hostile_objects_neither_raise_nor_count(kind, instrument, answers):
    assert fallback_tier(kind, instrument, answers) is None


def test_danger_beside_a_hostile_answer_is_still_found():
    assert fallback_tier(Hostile(), "phq9", {"q1": Hostile(), "q9": 2}) == "critical"


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=8,
)


@settings(max_examples=300)
@given(anything, anything, anything)
def test_nothing_makes_it_raise(kind, instrument, answers):
    assert fallback_tier(kind, instrument, answers) in (None, "high", "critical")


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from(["q3", "q4", "q8", "q10"]), anything), st.integers(1, 3))
def test_a_positive_item9_is_found_beside_anything(others, item9):
    tier = fallback_tier("check_in", "phq9", {**others, "q9": item9})
    assert tier == ("high" if item9 == 1 else "critical")
