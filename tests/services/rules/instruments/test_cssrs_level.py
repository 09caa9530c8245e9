"""C-SSRS: the highest yes wins, a sum never counts, an unanswered question is not a no."""

from __future__ import annotations

import itertools

import pytest

from services.rules.instruments.answers import CssrsLevel, Score, check_answers, cssrs_level, score
from services.rules.instruments.definition import instrument

CSSRS = instrument("cssrs-screener")
NO_TO_ALL = {"q1": 0, "q2": 0, "q6": 0}
THOUGHTS = {"q1": 1, "q2": 1, "q3": 0, "q4": 0, "q5": 0, "q6": 0}


@pytest.mark.parametrize(
    ("answers", "level", "complete"),
    [
        (NO_TO_ALL, "none", True),
        (NO_TO_ALL | {"q1": 1}, "low", True),
        (THOUGHTS, "low", True),
        (THOUGHTS | {"q1": 0}, "low", True),
        (THOUGHTS | {"q3": 1}, "moderate", True),
        (THOUGHTS | {"q4": 1}, "high", True),
        (THOUGHTS | {"q5": 1}, "high", True),
        (THOUGHTS | {"q3": 1, "q4": 1, "q5": 1}, "high", True),
        (NO_TO_ALL | {"q6": 1, "q6b": 0}, "moderate", True),
        (NO_TO_ALL | {"q6": 1, "q6b": 1}, "high", True),
        # asked and not answered: unknown, unless something answered is high already
        ({}, "unknown", False),
        ({"q1": 0, "q2": 0}, "unknown", False),
        ({"q1": 0, "q6": 0}, "unknown", False),
        (NO_TO_ALL | {"q1": "declined"}, "unknown", False),
        (NO_TO_ALL | {"q2": "declined"}, "unknown", False),
        (NO_TO_ALL | {"q6": "declined"}, "unknown", False),
        (THOUGHTS | {"q5": "declined"}, "unknown", False),
        (THOUGHTS | {"q3": 1, "q5": None}, "unknown", False),
        (NO_TO_ALL | {"q6": 1}, "unknown", False),
        (NO_TO_ALL | {"q6": 1, "q6b": "declined"}, "unknown", False),
        ({"q4": 1}, "high", False),
        (THOUGHTS | {"q3": None, "q4": 1}, "high", False),
        ({"q6b": 1}, "high", False),
        # a yes to a question that the branch skips still counts
        (NO_TO_ALL | {"q3": 1}, "moderate", True),
        (NO_TO_ALL | {"q4": 1}, "high", True),
        (NO_TO_ALL | {"q5": 1}, "high", True),
        (NO_TO_ALL | {"q6b": 1}, "high", True),
        # a skipped question that is declined was not asked
        (NO_TO_ALL | {"q3": "declined", "q6b": "declined"}, "none", True),
    ],
)
def test_the_level_follows_the_triage_table(answers, level, complete):
    answers = check_answers(CSSRS, answers)
    scored = score(CSSRS, answers)
    assert cssrs_level(CSSRS, answers) is CssrsLevel(level)
    assert (scored.band, scored.complete) == (level, complete)
    assert (scored.total, scored.prorated_total) == (None, None)


def test_answered_counts_numbers_only():
    answers = check_answers(CSSRS, {"q1": 0, "q2": "declined", "q6": 0})
    assert score(CSSRS, answers) == Score(None, "unknown", False, 2, None)


@pytest.fixture(scope="module")
def every_form():
    """The level of each of the 16,384 ways to fill in the screener, by answers in order."""
    ways = itertools.product((0, 1, "declined", None), repeat=len(CSSRS.link_ids))
    return {way: cssrs_level(CSSRS, dict(zip(CSSRS.link_ids, way, strict=True))) for way in ways}


def test_turning_any_answer_to_yes_never_lowers_a_known_level(every_form):
    for way, before in every_form.items():
        for n in range(len(way)):
            after = every_form[(*way[:n], 1, *way[n + 1 :])]
            if CssrsLevel.UNKNOWN not in (before, after):
                assert after.at_least(before), (way, n)


def test_high_is_a_yes_to_intent_plan_or_recent_behaviour_whatever_the_rest(every_form):
    for way, level in every_form.items():
        _, _, _, q4, q5, _, q6b = way
        assert (level is CssrsLevel.HIGH) is (1 in (q4, q5, q6b)), way


def test_none_needs_a_no_to_every_question_that_is_always_asked(every_form):
    calm = [way for way, level in every_form.items() if level is CssrsLevel.NONE]
    assert calm
    for q1, q2, q3, q4, q5, q6, q6b in calm:
        assert (q1, q2, q6) == (0, 0, 0)
        assert 1 not in (q3, q4, q5, q6b)


@pytest.mark.parametrize(
    ("level", "rank"),
    [("none", 0), ("low", 1), ("moderate", 2), ("high", 3), ("unknown", None)],
)
def test_unknown_has_no_place_in_the_order(level, rank):
    assert CssrsLevel(level).rank == rank


@pytest.mark.parametrize(
    ("level", "floor", "reaches"),
    [
        ("low", "moderate", False),
        ("moderate", "moderate", True),
        ("high", "moderate", True),
        ("unknown", "none", False),
        ("none", "none", True),
    ],
)
def test_a_level_reaches_a_floor(level, floor, reaches):
    assert CssrsLevel(level).at_least(CssrsLevel(floor)) is reaches


def test_unknown_is_no_floor():
    with pytest.raises(ValueError, match="no floor"):
        CssrsLevel.HIGH.at_least(CssrsLevel.UNKNOWN)


def test_levels_cannot_be_compared_as_texts():
    with pytest.raises(TypeError):
        assert CssrsLevel.HIGH > CssrsLevel.LOW


def test_only_an_instrument_with_triage_rules_has_a_level():
    with pytest.raises(ValueError, match="phq9 has no triage rules"):
        cssrs_level(instrument("phq9"), {})
