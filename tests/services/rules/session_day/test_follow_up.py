"""N2: the windows after a session, what meets them, and when they have lapsed."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.decision import Tier
from services.rules.session_day.follow_up import FollowUpWindow, lapsed, met_at, windows
from tests.builders.rules.session_day import after, session

FOLLOW_UP, LOCK = windows(session(), UTC)


def test_a_session_has_a_follow_up_from_24_to_72_hours_and_a_driving_lock():
    assert FollowUpWindow("s1", "follow_up", after(25), after(73)) == FOLLOW_UP
    assert FollowUpWindow("s1", "driving_lock", after(1), after(25)) == LOCK


def test_tms_has_no_driving_lock():
    [only] = windows(session(product="tms", route=None), UTC)

    assert only.kind == "follow_up"


@pytest.mark.parametrize(
    ("contacts", "next_session", "met"),
    [
        ([], None, None),
        ([24.9], None, None),
        ([25], None, 25),
        ([73], None, 73),
        ([73.1], None, None),
        ([24, 60, 30, 80], None, 30),
        ([], 24, 24),
        ([], 73, 73),
        ([], 73.1, None),
        ([60], 50, 50),
    ],
)
def test_the_first_word_in_the_window_meets_it_and_so_does_the_next_session(
    contacts, next_session, met
):
    following = None if next_session is None else after(next_session)
    found = met_at(FOLLOW_UP, [after(at) for at in contacts], following)

    assert found == (None if met is None else after(met))


@pytest.mark.parametrize(
    ("window", "now", "holds", "fires"),
    [
        (FOLLOW_UP, 73, False, False),
        (FOLLOW_UP, 73.1, True, True),
        (FOLLOW_UP, 73 + 14 * 24, True, True),
        (FOLLOW_UP, 73.1 + 14 * 24, True, False),
        (LOCK, 25, False, False),
        (LOCK, 25.1, True, True),
    ],
)
def test_it_lapses_once_it_is_past_and_not_yet_history(window, now, holds, fires):
    decision = lapsed(window, [], after(now))

    assert (decision.is_met, decision.fired) == (holds, fires)
    assert decision.tier == (Tier.LOW if fires else None)
    assert (decision.rule, decision.about) == ("N2", "s1")


def test_it_speaks_once_of_each_session():
    decision = lapsed(LOCK, [], after(26), already_reported=True)

    assert (decision.is_met, decision.fired, decision.tier) == (True, False, None)


def test_a_window_that_was_met_does_not_lapse():
    decision = lapsed(LOCK, [after(6)], after(26))

    assert not decision.is_met
    assert decision.inputs["met_at"] == after(6).isoformat()


def test_the_next_session_takes_the_place_of_the_follow_up():
    assert not lapsed(FOLLOW_UP, [], after(80), next_session_at=after(48)).is_met
    assert lapsed(FOLLOW_UP, [], after(80), next_session_at=after(79)).fired


@given(st.permutations([after(hours) for hours in (0.5, 24, 26, 40, 73, 90)]))
def test_the_order_in_which_words_came_never_matters(contacts):
    assert met_at(FOLLOW_UP, contacts) == after(26)
