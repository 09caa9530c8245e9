"""M5 row by row: the days after a session against those before it."""

from __future__ import annotations

from datetime import UTC

import pytest

from services.rules.courses import UNTREATED
from services.rules.decision import Tier
from services.rules.worsening.post_session import m5
from tests.builders.rules.courses import session, treated
from tests.builders.rules.days import on, values

ONE = treated(session(0))


@pytest.mark.parametrize(
    ("name", "scores", "rise", "holds"),
    [
        ("5 above the mean", {-3: 9, -2: 10, -1: 11, 1: 15}, 5, True),
        ("4 above", {-1: 10, 1: 14}, 4, False),
        ("an uneven mean: 4.67 above", {-3: 10, -2: 10, -1: 11, 2: 15}, 14 / 3, False),
        ("one day before is enough", {-3: 10, 1: 15}, 5, True),
        ("four days before is too early", {-4: 10, 1: 15}, None, False),
        ("the day of the session is neither", {-1: 10, 0: 27, 1: 11}, 1, False),
        ("the highest of the days so far", {-1: 10, 1: 16, 2: 10}, 6, True),
        ("on the third day", {-1: 10, 3: 15}, 5, True),
        ("on the fourth day it is over", {-1: 10, 2: 16, 4: 16}, None, False),
        ("before the session", {-2: 5, -1: 20}, None, False),
        ("nothing at all", {}, None, False),
    ],
)
def test_the_highest_of_days_one_to_three_against_the_mean_before(name, scores, rise, holds):
    decision = m5(values(scores), ONE, UTC)

    found = decision.inputs["rise"]
    assert found == (None if rise is None else pytest.approx(rise)), name
    assert (decision.is_met, decision.tier) == (holds, Tier.MEDIUM if holds else None), name


def test_the_morning_of_the_session_stands_in_for_the_days_before():
    scores = values({0: 20, 1: 15})

    assert m5(scores, ONE, UTC).inputs["reason"] == "no_day_before"
    assert m5(scores, ONE, UTC, {on(0): 10}).inputs["before"] == 10
    assert m5(scores, ONE, UTC, {on(0): 10}).is_met
    assert m5(scores, ONE, UTC, {on(5): 1}).inputs["reason"] == "no_day_before"


def test_a_day_before_outranks_the_morning():
    assert m5(values({-1: 12, 1: 15}), ONE, UTC, {on(0): 5}).inputs["before"] == 12


@pytest.mark.parametrize(
    ("second", "hour", "before", "session_on", "about"),
    [
        (1, 14.0, 8, 1, "a0"),
        (2, 13.9, 8, 2, "a0"),
        # 48 hours apart: a window of its own, and the day between lies before it.
        (2, 14.0, 10, 2, "a2"),
    ],
)
def test_sessions_under_48_hours_apart_are_one(second, hour, before, session_on, about):
    both = treated(session(0), session(second, hour=hour))

    decision = m5(values({-1: 8, 1: 12, second + 1: 14}), both, UTC)

    assert (decision.inputs["session_on"], decision.about) == (on(session_on).isoformat(), about)
    assert decision.inputs["before"] == before


def test_the_next_session_ends_the_window():
    both = treated(session(0), session(3))

    decision = m5(values({-1: 8, 1: 14, 2: 14, 3: 14}), both, UTC)

    assert (decision.is_met, decision.inputs["reason"]) == (False, "outside_window")
    assert decision.about == "a3"


def test_without_a_session_nothing_is_decided():
    decision = m5(values({0: 5, 1: 20}), UNTREATED, UTC)

    assert (decision.is_met, decision.about) == (False, None)
    assert decision.inputs["reason"] == "no_session"


def test_what_it_looked_at_is_kept():
    decision = m5(values({-2: 10, -1: 9, 1: 12, 2: 15}), ONE, UTC)

    assert (decision.rule, decision.rule_version, decision.about) == ("M5", "2", "a0")
    assert decision.inputs == {
        "on": on(2).isoformat(),
        "reason": None,
        "session_on": on(0).isoformat(),
        "sessions": 1,
        "before_days": 2,
        "before": 9.5,
        "after_days": 2,
        "highest": 15,
        "rise": 5.5,
        "rise_limit": 5,
    }
