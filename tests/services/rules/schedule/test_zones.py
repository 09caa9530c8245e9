"""Windows on the patient's wall clock, also on the nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from services.rules.mood_days import day_start, mood_day_at
from tests.builders.rules.calendar import (
    KOLKATA,
    NEW_YORK,
    case,
    day_of,
    due_now,
    lines,
    moment,
    sessions_at,
)


def hours(item) -> float:
    return (item.due_at - item.opens_at).total_seconds() / 3600


def the_day(items, day: str):
    return next(item for item in items if item.mood_day == day_of(day))


@pytest.mark.parametrize(
    ("day", "zone", "opens", "lasts"),
    [
        ("03-07", NEW_YORK, "2026-03-07T09:00", 23),  # the clocks go forward in its night
        ("03-08", NEW_YORK, "2026-03-08T08:00", 24),
        ("10-31", NEW_YORK, "2026-10-31T08:00", 25),  # the clocks go back in its night
        ("11-01", NEW_YORK, "2026-11-01T09:00", 24),
        ("03-07", KOLKATA, "2026-03-06T22:30", 24),
        ("03-07", UTC, "2026-03-07T04:00", 24),
    ],
)
def test_a_daily_window_runs_from_four_to_four_on_the_wall_clock(day, zone, opens, lasts):
    found = the_day(due_now(case(zone=zone), moment(f"{day} 12:00", zone)), day)

    assert found.opens_at == datetime.fromisoformat(opens).replace(tzinfo=UTC)
    assert hours(found) == lasts


@pytest.mark.parametrize(
    ("now", "status"),
    [
        ("2026-11-01T08:59:59Z", "due"),  # 03:59:59 in New York, for the first and only time
        ("2026-11-01T09:00:00Z", "overdue"),  # 04:00
    ],
)
def test_a_long_night_keeps_the_day_due(now, status):
    instant = datetime.fromisoformat(now)

    assert the_day(due_now(case(zone=NEW_YORK), instant), "10-31").status == status


def test_24_hours_after_a_session_are_24_hours_whatever_the_clocks_do():
    forward = sessions_at("03-07 14:00", zone=NEW_YORK)
    back = sessions_at("10-31 14:00", zone=NEW_YORK)

    spring = lines(due_now(case(forward, zone=NEW_YORK), moment("03-08 12:00")), "side_effects")
    autumn = lines(due_now(case(back, zone=NEW_YORK), moment("11-01 12:00")), "side_effects")

    assert len(spring) == len(autumn) == 1
    found = due_now(case(forward, zone=NEW_YORK), moment("03-08 12:00"))
    item = next(one for one in found if one.instrument == "side_effects")
    assert item.opens_at.astimezone(NEW_YORK).strftime("%m-%d %H:%M") == "03-08 15:40"


def test_three_days_before_a_session_are_72_hours():
    session = sessions_at("03-01 09:00", "03-09 14:00", zone=NEW_YORK)
    found = due_now(case(session, zone=NEW_YORK, accepted="02-20 09:00"), moment("03-08 12:00"))

    opens = next(one.opens_at for one in found if one.session_id == "s2" and one.reason[0] == "b")

    assert opens.astimezone(NEW_YORK).strftime("%m-%d %H:%M") == "03-06 13:00"


def test_the_same_session_lies_on_another_day_in_another_zone():
    night = sessions_at("03-05 22:00", zone=UTC)  # 03:30 on the 6th in Kolkata, still the 5th
    morning = sessions_at("03-05 22:30", zone=UTC)  # 04:00

    def day_1(treatment) -> date:
        items = due_now(case(treatment), moment("03-06 12:00"))
        return next(item.mood_day for item in items if item.reason == "day_1")

    assert (day_1(night), day_1(morning)) == (day_of("03-06"), day_of("03-07"))


@pytest.mark.parametrize("zone", [NEW_YORK, KOLKATA, UTC], ids=str)
def test_a_day_starts_exactly_where_the_mood_day_does(zone):
    for number in range(366):
        day = day_of("01-01") + timedelta(days=number)
        start = day_start(day, zone)

        assert mood_day_at(start, zone) == day
        assert mood_day_at(start - timedelta(microseconds=1), zone) < day
