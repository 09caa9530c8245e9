"""Phones with wrong clocks, answers that come late, days that are stated."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.rules.mood_days import (
    CLOCK_SKEW,
    ENTERED_LATE,
    MOOD_DAY_IGNORED,
    Placement,
    is_recalled,
    place,
)

ZONE = "America/New_York"
NOW = datetime(2026, 11, 21, 17, tzinfo=UTC)  # noon in New York
TODAY = NOW.date()
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
SECOND = timedelta(seconds=1)
YEAR = 365 * DAY
YEARS_56 = datetime(1970, 1, 1, tzinfo=UTC) - NOW


def placed(
    recorded: timedelta,
    sent: timedelta | None = None,
    stated: date | None = None,
) -> Placement:
    """Place an answer whose phone times are given as distances from the receipt."""
    return place(NOW + recorded, ZONE, ZONE, NOW, None if sent is None else NOW + sent, stated)


@pytest.mark.parametrize(
    ("name", "recorded", "sent", "flags", "day"),
    [
        ("a good clock", -MINUTE, -SECOND, set(), TODAY),
        ("no header", -MINUTE, None, set(), TODAY),
        ("15 minutes ahead is still a good clock", 15 * MINUTE, None, set(), TODAY),
        ("a second more is not", 15 * MINUTE + SECOND, None, {CLOCK_SKEW}, TODAY),
        ("three days ahead, no header", 3 * DAY, None, {CLOCK_SKEW}, TODAY),
        ("three days ahead, and says so", 3 * DAY, 3 * DAY, {CLOCK_SKEW}, TODAY),
        ("the same, answered yesterday offline", 2 * DAY, 3 * DAY, {CLOCK_SKEW}, TODAY - DAY),
        (
            "a stamp that can be believed stays, whatever the header says",
            -DAY,
            3 * DAY,
            {CLOCK_SKEW},
            TODAY - DAY,
        ),
        ("back in 1970, and says so", YEARS_56, YEARS_56 + 30 * SECOND, {CLOCK_SKEW}, TODAY),
        ("right, beside a Buddhist header", -MINUTE, 543 * YEAR, {CLOCK_SKEW}, TODAY),
        (
            "32 days before the header",
            -71 * DAY,
            -39 * DAY,
            {CLOCK_SKEW, ENTERED_LATE},
            TODAY - 71 * DAY,
        ),
        (
            "31 days before the header",
            -70 * DAY,
            -39 * DAY,
            {CLOCK_SKEW, ENTERED_LATE},
            TODAY - 31 * DAY,
        ),
        (
            "16 minutes after the header",
            -4 * DAY,
            -4 * DAY - 16 * MINUTE,
            {CLOCK_SKEW, ENTERED_LATE},
            TODAY - 4 * DAY,
        ),
        ("14 minutes after the header", -4 * DAY, -4 * DAY - 14 * MINUTE, {CLOCK_SKEW}, TODAY),
        ("clock put right before sending", 3 * DAY, -SECOND, {CLOCK_SKEW}, TODAY),
        ("recorded ahead of the sending clock", 5 * DAY, 3 * DAY, {CLOCK_SKEW}, TODAY),
        ("sent 15 minutes ahead", -MINUTE, 15 * MINUTE, set(), TODAY),
        ("sent 15 minutes behind", -20 * MINUTE, -15 * MINUTE, set(), TODAY),
        ("slow clock", -16 * MINUTE, -16 * MINUTE, {CLOCK_SKEW}, TODAY),
        (
            "a request stamped two days ago and repeated now",
            -2 * DAY - HOUR,
            -2 * DAY,
            {CLOCK_SKEW},
            TODAY,
        ),
        ("48 hours old", -48 * HOUR, None, set(), TODAY - 2 * DAY),
        ("over 48 hours old", -48 * HOUR - SECOND, None, {ENTERED_LATE}, TODAY - 2 * DAY),
        ("a year old", -365 * DAY, None, {ENTERED_LATE}, TODAY - 365 * DAY),
    ],
)
def test_a_clock_earns_its_flags_and_the_right_day(name, recorded, sent, flags, day):
    found = placed(recorded, sent)

    assert (found.mood_day, set(found.flags)) == (day, flags), name
    assert found.recorded_at_utc == NOW + recorded, "what the phone said is kept"


@pytest.mark.parametrize(
    ("back", "day", "flags"),
    [
        (0, TODAY, set()),
        (1, TODAY - DAY, {ENTERED_LATE}),
        (2, TODAY - 2 * DAY, {ENTERED_LATE}),
        (3, TODAY, {MOOD_DAY_IGNORED}),
        (-1, TODAY, {MOOD_DAY_IGNORED}),
        (400, TODAY, {MOOD_DAY_IGNORED}),
    ],
)
def test_a_stated_day_may_be_up_to_two_days_back_and_never_ahead(back, day, flags):
    found = placed(-MINUTE, stated=TODAY - back * DAY)

    assert (found.mood_day, set(found.flags)) == (day, flags)


def test_a_fast_phone_that_states_its_own_today_lands_on_the_true_day():
    found = placed(3 * DAY, 3 * DAY, stated=TODAY + 3 * DAY)

    assert found.mood_day == TODAY
    assert found.flags == {CLOCK_SKEW, MOOD_DAY_IGNORED}


def test_before_four_in_the_morning_today_is_the_day_that_is_still_running():
    at_two = datetime(2026, 11, 21, 7, tzinfo=UTC)

    calendar_day = place(at_two, ZONE, ZONE, at_two, stated_mood_day=date(2026, 11, 21))
    running_day = place(at_two, ZONE, ZONE, at_two, stated_mood_day=date(2026, 11, 20))

    assert calendar_day.mood_day == running_day.mood_day == date(2026, 11, 20)
    assert calendar_day.flags == {MOOD_DAY_IGNORED}
    assert running_day.flags == frozenset()


def test_a_skewed_phone_shows_the_time_that_is_most_likely_true():
    assert placed(3 * DAY).answered_at == NOW
    assert placed(3 * DAY - HOUR, 3 * DAY).answered_at == NOW - HOUR
    assert placed(-HOUR, -HOUR).answered_at == NOW - HOUR


@pytest.mark.parametrize(
    ("recorded", "stated", "expected"),
    [
        (-MINUTE, None, False),
        (-MINUTE, TODAY - DAY, True),
        # Days on its way: the phone wrote it down on the day that it tells of.
        (-5 * DAY, None, False),
        (-5 * DAY, TODAY - 5 * DAY, False),
        (-5 * DAY, TODAY - 6 * DAY, True),
    ],
)
def test_written_down_later_is_not_the_same_as_days_on_its_way(recorded, stated, expected):
    at = placed(recorded, stated=stated)

    assert is_recalled(at.mood_day, at.answered_at, at.zone, at.flags) is expected
