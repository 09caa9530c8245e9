"""What one session did: the level before, the best day after, the difference, by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta, timezone
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.figures.session_effect import (
    last_window,
    morning_values,
    session_effect,
    session_windows,
)
from tests.builders.rules.courses import session
from tests.builders.rules.days import entry, on, run, values


def effect(scores, days=(10,), window=0, mornings=None):
    windows = session_windows([session(day) for day in days])
    return session_effect(windows[window], values(scores), mornings)


def test_a_session_with_a_week_around_it():
    found = effect(run(7, 16, 18, 17, 20, 9, 6, 6, 8))

    assert (found.pre, found.nadir, found.nadir_on) == (17, 6, on(12))
    assert (found.effect, found.observed_days, found.is_floor) == (11, 4, False)


@pytest.mark.parametrize(
    ("scores", "pre"),
    [
        (run(6, 27, 16, 18, 17), 17),
        (run(6, 27, 16, None, 17), Fraction(33, 2)),
        (run(9, 17), 17),
        # Three days before count, not the fourth; neither does the day of the session.
        (run(6, 27), None),
        (run(10, 27), None),
        ({}, None),
    ],
)
def test_the_level_before_is_the_mean_of_what_was_observed_on_three_days(scores, pre):
    assert effect(scores).pre == pre


@pytest.mark.parametrize(
    ("before", "pre"), [({}, 15), (run(9, 17), 17), (run(6, 27), 15), (run(7, 16), 16)]
)
def test_the_morning_of_the_session_stands_in_for_three_silent_days(before, pre):
    windows = session_windows([session(10)])
    answers = [entry(10, 19, 8), entry(10, 15, 13), entry(10, None, 13.5), entry(10, 3, 14)]
    mornings = morning_values([*answers, entry(11, 2, 8)], windows)

    assert mornings == {on(10): 15}
    assert effect(before, mornings=mornings).pre == pre


@pytest.mark.parametrize(
    ("scores", "nadir"),
    [
        (run(10, 0, 9, 8), (8, 12)),
        (run(11, 9, 5, 5, 5), (5, 12)),
        (run(11, 9), (None, None)),
        (run(11, 9, None, None, None, None, None, 7, 1), (7, 17)),
        (run(11, 9, None, None, None, None, None, None, 1), (None, None)),
    ],
)
def test_the_nadir_is_the_first_lowest_day_of_seven_and_needs_two(scores, nadir):
    value, day = nadir

    found = effect(scores)

    assert (found.nadir, found.nadir_on) == (value, None if day is None else on(day))


def test_without_a_level_on_either_side_there_is_no_effect():
    assert effect(run(11, 9, 8)).effect is None
    assert effect(run(7, 16, 16, 16)).effect is None


def test_a_low_start_is_flagged_since_there_is_little_to_gain():
    low = effect(run(9, 4, None, 1, 1))

    assert (low.effect, low.is_floor) == (3, True)
    assert not effect(run(9, 5)).is_floor
    assert not effect({}).is_floor


def test_a_session_can_make_things_worse():
    assert effect(run(9, 10, None, 14, 12)).effect == -2


def test_the_next_session_ends_the_days_that_count():
    scores = run(9, 20, None, 12, 11, 10, 3, 2)

    assert effect(scores, (10, 14)).nadir == 10
    assert effect(scores, (10, 12)).nadir is None
    assert effect(scores, (10, 14), window=1).pre == 11


@pytest.mark.parametrize(
    ("days", "windows"),
    [
        ((10, 12), [("a10",), ("a12",)]),
        ((10, 11.99), [("a10", "a11.99")]),
        ((10, 11, 12, 14), [("a10", "a11", "a12"), ("a14",)]),
        ((), []),
    ],
)
def test_sessions_less_than_48_hours_apart_share_a_window(days, windows):
    found = session_windows([session(day) for day in days])

    assert [tuple(one.id for one in window.sessions) for window in found] == windows


def test_a_shared_window_is_read_before_its_first_and_after_its_last_session():
    windows = session_windows([session(10), session(11), session(20)])
    found = session_effect(windows[0], values(run(9, 20, 5, 5, 9, 8)))

    assert (windows[0].first_day, windows[0].last_day) == (on(10), on(11))
    assert (windows[0].next_day, windows[1].next_day) == (on(20), None)
    assert windows[0].days_after(on(15)) == 4
    assert (found.pre, found.nadir, found.nadir_on) == (20, 8, on(13))


def test_the_zone_moves_the_days_of_a_session():
    late = session(10, hour=2)  # 02:00 UTC on day 10 is the mood day before, in UTC and New York
    east = timezone(timedelta(hours=9))

    assert session_windows([late])[0].first_day == on(9)
    assert session_windows([late], east)[0].first_day == on(10)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=12))
def test_the_last_window_is_the_last_of_all(half_days):
    begun = [timedelta(hours=12 * one) for one in sorted(half_days)]
    sessions = [replace(session(1), started_at=session(1).started_at + by) for by in begun]
    east = timezone(timedelta(hours=9))

    assert last_window(sessions, east) == session_windows(sessions, east)[-1]
