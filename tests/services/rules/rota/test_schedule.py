"""Turns, hand-overs on the nights when the clocks change, covers, absences, and what they leave."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.rules.rota.rotation import Rotation, following, handover_at, new_rotation
from services.rules.rota.schedule import (
    Override,
    Schedule,
    gaps,
    now_and_next,
    on_call_at,
    shifts,
    spans,
)
from tests.builders.rules.rota import PEOPLE, ZONES, full_schedule

NEW_YORK = ZoneInfo("America/New_York")
ANN, BEN, CEM, DAN, _ = PEOPLE
MONDAY = datetime(2026, 6, 1, 8, tzinfo=UTC)
DAY, WEEK = timedelta(days=1), timedelta(weeks=1)


def weekly(*members: UUID, at: datetime = MONDAY, length: int = 1) -> Rotation:
    return new_rotation(at, ZoneInfo("UTC"), "weekly", length, time(8), members)


def names(schedule: Schedule, from_at: datetime, to_at: datetime) -> list[tuple[str, str, str]]:
    """Who, by the first letter, until when, why."""
    words = dict(zip(PEOPLE, ("Ann", "Ben", "Cem", "Dan", "Eve"), strict=True))
    return [
        (words[each.on_call.user_id], f"{each.to_at:%a %d %H:%M}", each.on_call.source)
        if each.on_call
        else ("-", f"{each.to_at:%a %d %H:%M}", "gap")
        for each in spans(schedule, from_at, to_at)
    ]


@pytest.mark.parametrize(
    ("day", "clock", "zone", "at"),
    [
        # 02:30 is skipped on 8 March 2026: the gap ends at 07:00 UTC, when the clocks show 03:00.
        (date(2026, 3, 8), time(2, 30), NEW_YORK, "2026-03-08T07:00+00:00"),
        (date(2026, 3, 8), time(2), NEW_YORK, "2026-03-08T07:00+00:00"),
        (date(2026, 3, 8), time(3), NEW_YORK, "2026-03-08T07:00+00:00"),
        (date(2026, 3, 8), time(1, 59), NEW_YORK, "2026-03-08T06:59+00:00"),
        # 01:30 comes twice on 1 November 2026: the first is 05:30 UTC.
        (date(2026, 11, 1), time(1, 30), NEW_YORK, "2026-11-01T05:30+00:00"),
        (date(2026, 11, 1), time(2, 30), NEW_YORK, "2026-11-01T07:30+00:00"),
        # Half an hour is skipped, an hour at midnight, a whole day.
        (date(2026, 10, 4), time(2, 15), ZoneInfo("Australia/Lord_Howe"), "2026-10-03T15:30+00:00"),
        (date(2026, 9, 6), time(0, 30), ZoneInfo("America/Santiago"), "2026-09-06T04:00+00:00"),
        (date(2011, 12, 30), time(8), ZoneInfo("Pacific/Apia"), "2011-12-30T10:00+00:00"),
    ],
)
def test_a_hand_over_is_at_its_wall_clock_time(day: date, clock: time, zone: ZoneInfo, at: str):
    assert handover_at(day, clock, zone) == datetime.fromisoformat(at)


def test_daily_turns_follow_the_wall_clock_and_hours_do_not():
    """Both begin on the evening before the clocks go back."""
    evening = datetime(2026, 10, 31, 21, tzinfo=UTC)  # 17:00 in New York

    def handovers(kind: str, length: int) -> list[str]:
        rotation = new_rotation(evening, NEW_YORK, kind, length, time(17), (ANN, BEN))
        found = shifts(Schedule((rotation,)), evening, evening + 3 * DAY)
        return [f"{each.from_at:%d %H}" for each in found]

    assert handovers("daily", 1) == ["31 21", "01 22", "02 22"]
    assert handovers("hours", 24) == ["31 21", "01 21", "02 21"]


def test_the_first_member_begins_in_the_turn_that_is_running():
    wednesday = MONDAY + 2 * DAY
    schedule = Schedule((weekly(ANN, BEN, at=wednesday),))
    assert on_call_at(schedule, wednesday - timedelta(seconds=1)) is None
    assert names(schedule, wednesday, MONDAY + 2 * WEEK) == [
        ("Ann", "Mon 08 08:00", "rotation"),
        ("Ben", "Mon 15 08:00", "rotation"),
    ]


def test_an_absence_passes_the_turn_on_and_a_cover_takes_it():
    away = Override(ANN, MONDAY + DAY, MONDAY + 2 * DAY, "away")
    both = Override(BEN, MONDAY + DAY, MONDAY + 2 * DAY, "away")
    cover = Override(DAN, MONDAY + DAY, MONDAY + 2 * DAY)
    week = (weekly(ANN, BEN),)
    plain = [("Ann", "Tue 02 08:00", "rotation"), ("Ann", "Mon 08 08:00", "rotation")]

    def shifts_with(*overrides: Override) -> list[tuple[str, str, str]]:
        return names(Schedule(week, overrides), MONDAY, MONDAY + WEEK)

    assert shifts_with(away) == [plain[0], ("Ben", "Wed 03 08:00", "override"), plain[1]]
    assert shifts_with(away, both) == [plain[0], ("-", "Wed 03 08:00", "gap"), plain[1]]
    assert shifts_with(away, both, cover) == [
        plain[0],
        ("Dan", "Wed 03 08:00", "override"),
        plain[1],
    ]


def test_what_is_entered_later_wins():
    span = (MONDAY, MONDAY + DAY)
    week = (weekly(ANN),)

    def on_call(*overrides: Override) -> UUID | None:
        found = on_call_at(Schedule(week, overrides), MONDAY)
        return found and found.user_id

    assert on_call(Override(BEN, *span), Override(CEM, *span)) == CEM
    assert on_call(Override(BEN, *span), Override(CEM, *span), Override(CEM, *span, "away")) == BEN
    assert on_call(Override(BEN, *span, "away"), Override(BEN, *span)) == BEN


def test_whoever_left_leaves_a_gap_and_takes_no_turn_over():
    """Nobody has agreed to their turns; an absent member's turn passes them by."""
    left = Override(BEN, MONDAY + DAY, None, "left")
    week = (weekly(ANN, BEN, CEM),)
    away = Override(ANN, MONDAY, MONDAY + 2 * DAY, "away")
    assert names(Schedule(week, (left,)), MONDAY, MONDAY + 3 * WEEK) == [
        ("Ann", "Mon 08 08:00", "rotation"),
        ("-", "Mon 15 08:00", "gap"),
        ("Cem", "Mon 22 08:00", "rotation"),
    ]
    assert names(Schedule(week, (left, away)), MONDAY, MONDAY + WEEK) == [
        ("Ben", "Tue 02 08:00", "override"),
        ("Cem", "Wed 03 08:00", "override"),
        ("Ann", "Mon 08 08:00", "rotation"),
    ]


def test_a_schedule_without_members_is_a_gap():
    schedule = Schedule((weekly(),))
    assert on_call_at(schedule, MONDAY) is None
    assert [(each.from_at, each.to_at) for each in gaps(schedule, MONDAY, MONDAY + WEEK)] == [
        (MONDAY, MONDAY + WEEK)
    ]
    assert now_and_next(schedule, MONDAY) == (None, None)
    assert now_and_next(Schedule(()), MONDAY) == (None, None)
    assert spans(schedule, MONDAY, MONDAY) == []


def test_now_and_next_are_whole_shifts():
    cover = Override(DAN, MONDAY + 5 * DAY, MONDAY + 60 * DAY)
    schedule = Schedule((weekly(ANN, BEN),), (cover,))
    now, then = now_and_next(schedule, MONDAY + DAY)
    assert now is not None
    assert then is not None
    assert (now.from_at, now.to_at) == (MONDAY, MONDAY + 5 * DAY)
    assert (then.from_at, then.to_at) == (MONDAY + 5 * DAY, MONDAY + 60 * DAY)
    now, then = now_and_next(schedule, MONDAY + 50 * DAY)
    assert now is not None
    assert now.from_at == MONDAY + 5 * DAY
    left = Override(ANN, MONDAY, None, "left")
    now, then = now_and_next(Schedule((weekly(ANN, BEN),), (left,)), MONDAY)
    assert now is None
    assert then is not None
    assert then.from_at == MONDAY + WEEK


def test_a_changed_rotation_goes_on_with_whoever_is_on_call():
    before = weekly(ANN, BEN, CEM, length=2)
    at = MONDAY + 3 * WEEK  # the second week of Ben's turn

    def then(*members: UUID, length: int = 2, weekday: int = 0) -> list[tuple[str, str, str]]:
        new = new_rotation(at, ZoneInfo("UTC"), "weekly", length, time(8), members, weekday)
        changed = Schedule((before, following(before, new)))
        assert names(changed, MONDAY, at)[0] == ("Ann", "Mon 15 08:00", "rotation")
        return names(changed, at, at + 3 * WEEK)[:2]

    assert then(ANN, DAN, BEN) == [
        ("Ben", "Mon 29 08:00", "rotation"),
        ("Ann", "Mon 13 08:00", "rotation"),
    ]
    assert then(ANN, CEM)[0][0] == "Cem"  # who would have been next
    assert then(DAN)[0][0] == "Dan"
    assert then() == [("-", "Mon 13 08:00", "gap")]
    # Other turns begin anew.
    assert then(ANN, BEN, length=1) == [
        ("Ben", "Mon 29 08:00", "rotation"),
        ("Ann", "Mon 06 08:00", "rotation"),
    ]
    assert then(ANN, BEN, weekday=2)[0] == ("Ben", "Wed 01 08:00", "rotation")
    filled = following(weekly(), weekly(ANN, BEN, at=at))
    assert on_call_at(Schedule((weekly(), filled)), at).user_id == ANN  # type: ignore[union-attr]


@given(
    seed=st.integers(0, 10_000),
    zone=st.sampled_from(ZONES),
    kind=st.sampled_from(["daily", "weekly", "hours"]),
)
@settings(max_examples=40, derandomize=True, deadline=None)
def test_spans_cover_everything_once(seed: int, zone: str, kind: str):
    """Ascending, without overlap; every instant belongs to whoever is on call at it; and cutting
    the span in two changes nothing but the cut.
    """
    begin, days = datetime(2026, 3, 1, tzinfo=UTC), 40
    schedule = full_schedule(seed, zone, kind, begin, days)
    end = begin + days * DAY
    found = spans(schedule, begin, end)
    assert (found[0].from_at, found[-1].to_at) == (begin, end)
    assert all(one.to_at == following.from_at for one, following in pairwise(found))
    assert all(each.from_at < each.to_at for each in found)
    assert all(one.on_call != following.on_call for one, following in pairwise(found))
    for each in found:
        last = each.to_at - timedelta(microseconds=1)
        for at in (each.from_at, last, each.from_at + (last - each.from_at) / 2):
            assert on_call_at(schedule, at) == each.on_call
    middle = begin + 17 * DAY
    halves = spans(schedule, begin, middle) + spans(schedule, middle, end)
    edges = {each.from_at for each in found} | {middle}
    assert {each.from_at for each in halves} == edges
    assert shifts(schedule, begin, end) == [each for each in found if each.on_call]


@given(zone=st.sampled_from(ZONES), length=st.integers(1, 3), clock=st.times())
@settings(max_examples=60, derandomize=True, deadline=None)
def test_turns_of_a_rotation_tile_the_year(zone: str, length: int, clock: time):
    """Every turn begins where the one before it ends, and each instant is in the turn that it is
    counted in.
    """
    clock = clock.replace(second=0, microsecond=0)
    rotation = new_rotation(MONDAY, ZoneInfo(zone), "daily", length, clock, (ANN, BEN))
    for turn in range(-3, 200):
        begin, end = rotation.begins_at(turn), rotation.begins_at(turn + 1)
        assert begin < end
        assert rotation.turn_at(begin) == turn
        assert rotation.turn_at(end - timedelta(seconds=1)) == turn
