"""When a patient is reminded: on their wall clock, outside quiet hours, of what is still due."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.mood_days import DaySpan
from services.rules.schedule.case import DueItem, ScheduleCase
from services.rules.schedule.due import items_of, windows_now
from services.rules.schedule.reminders import (
    QuietHours,
    Reminder,
    key_of,
    next_time,
    not_yet_reminded,
    plan,
)

PARIS, KIRITIMATI, PAGO = map(ZoneInfo, ("Europe/Paris", "Pacific/Kiritimati", "Pacific/Pago_Pago"))
ZONES = [
    *("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"),
    *("Pacific/Apia", "Pacific/Kiritimati", "America/St_Johns", "Africa/Casablanca"),
]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
NONE = QuietHours(time(0), time(0))


def daily(day: date, zone: ZoneInfo, **changes: object) -> DueItem:
    """A daily form, open from 04:00 to 04:00."""
    opens, ends = (
        datetime.combine(one, time(4), tzinfo=zone).astimezone(UTC)
        for one in (day, day + timedelta(days=1))
    )
    item = DueItem(
        instrument="phq9-daily",
        reason="daily",
        session_id=None,
        mood_day=day,
        counts_from_at=opens,
        opens_at=opens,
        due_at=ends,
        expires_at=ends + timedelta(days=2),
        status="due",
        answered_at=None,
    )
    return replace(item, **changes)  # type: ignore[arg-type] # a test's words


def local(reminders: tuple[Reminder, ...], zone: ZoneInfo) -> list[str]:
    return [one.at.astimezone(zone).strftime("%m-%d %H:%M") for one in reminders]


def test_twice_in_the_evening_by_the_patients_clock() -> None:
    for zone in (PARIS, KIRITIMATI, PAGO):
        found = plan([daily(date(2026, 11, 20), zone)], zone)
        assert local(found, zone) == ["11-20 18:00", "11-20 20:00"]
        assert found[1].until.astimezone(zone).time() == time(21)


@pytest.mark.parametrize("status", ["answered", "overdue", "expired"])
def test_not_of_what_is_answered_or_over(status: str) -> None:
    assert plan([daily(date(2026, 11, 20), PARIS, status=status)], PARIS) == ()


def test_not_on_a_day_away() -> None:
    items = [daily(date(2026, 11, day), PARIS) for day in (20, 21)]
    away = [DaySpan(date(2026, 11, 19), date(2026, 11, 20))]
    assert local(plan(items, PARIS, away=away), PARIS) == ["11-21 18:00", "11-21 20:00"]


def test_all_that_is_due_at_once_is_one_reminder() -> None:
    one = daily(date(2026, 11, 20), PARIS)
    other = replace(one, instrument="phq9", reason="periodic", mood_day=None)
    found = plan([one, other], PARIS)
    assert len(found) == 2
    assert found[0].keys == {key_of(one, PARIS), key_of(other, PARIS)}


@pytest.mark.parametrize(
    ("quiet", "expected"),
    [
        (QuietHours(time(17), time(9)), ["11-20 09:00", "11-20 11:00"]),
        (QuietHours(time(17), time(23)), ["11-20 23:00", "11-21 01:00"]),
        (QuietHours(time(19), time(21)), ["11-20 18:00"]),
        (QuietHours(time(4), time(3)), ["11-21 03:00"]),
        (NONE, ["11-20 18:00", "11-20 20:00"]),
    ],
)
def test_quiet_hours_are_left_alone(quiet: QuietHours, expected: list[str]) -> None:
    assert local(plan([daily(date(2026, 11, 20), PARIS)], PARIS, quiet), PARIS) == expected


def test_what_is_open_in_quiet_hours_only_is_not_reminded_of() -> None:
    opens = datetime(2026, 11, 20, 21, tzinfo=UTC)
    short = daily(date(2026, 11, 20), PARIS, opens_at=opens, due_at=opens + timedelta(hours=3))
    assert plan([short], PARIS) == ()


def test_what_closes_before_the_usual_hour_is_reminded_of_at_once() -> None:
    opens = datetime(2026, 11, 20, 9, tzinfo=UTC)
    short = daily(date(2026, 11, 20), PARIS, opens_at=opens, due_at=opens + timedelta(hours=3))
    assert local(plan([short], PARIS), PARIS) == ["11-20 10:00", "11-20 12:00"]


@pytest.mark.parametrize("day", [date(2026, 3, 29), date(2026, 10, 25)])
def test_on_the_nights_when_the_clocks_change(day: date) -> None:
    quiet = QuietHours(time(1, 30), time(2, 30))
    items = [daily(day + timedelta(days=by), PARIS) for by in (-1, 0)]
    assert local(plan(items, PARIS), PARIS) == [
        f"{one:%m-%d} {clock}" for one in (items[0].mood_day, day) for clock in ("18:00", "20:00")
    ]
    midnight = datetime.combine(day, time(0), tzinfo=PARIS).astimezone(UTC)
    for minute in range(0, 300, 5):
        at = midnight + timedelta(minutes=minute)
        assert not quiet.hold(quiet.after(at, PARIS), PARIS)
        assert quiet.after(at, PARIS) - at <= timedelta(hours=2)


@pytest.mark.parametrize("way", [(KIRITIMATI, PAGO), (PAGO, KIRITIMATI)])
def test_who_crosses_the_date_line_is_reminded_once_of_each_day(
    way: tuple[ZoneInfo, ZoneInfo],
) -> None:
    """25 hours back or forth: what was reminded of before has the same key after."""
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    accepted = now - timedelta(days=9)
    plans = [
        plan(items_of(windows_now(case, now), case, now), case.zone)
        for case in (ScheduleCase(zone=zone, accepted_at=accepted) for zone in way)
    ]
    keys = [{key for one in found for key in one.keys if "daily" in key} for found in plans]
    assert len(keys[0] & keys[1]) > 10
    days = {key.rpartition(" ")[2] for key in keys[0] | keys[1]}
    assert len(days) == len(keys[0] | keys[1])


clocks = st.times().map(lambda one: one.replace(second=0, microsecond=0, tzinfo=None))


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    begins=clocks,
    ends=clocks,
    start=st.integers(0, 366 * 24 * 60),
    hours=st.integers(1, 24 * 9),
)
def test_never_in_quiet_hours_before_it_opens_or_too_late(
    zone: ZoneInfo, begins: time, ends: time, start: int, hours: int
) -> None:
    quiet = QuietHours(begins, ends)
    opens = BEGAN + timedelta(minutes=start)
    item = daily(opens.date(), zone, opens_at=opens, due_at=opens + timedelta(hours=hours))
    found = plan([item], zone, quiet)
    assert len(found) <= 2
    for one in found:
        assert opens <= one.at < one.until <= item.due_at
        for part in range(4):
            shown = one.at + (one.until - one.at) * part / 4
            assert not quiet.hold(shown, zone), (shown, one)


@given(
    zone=st.sampled_from(ZONES).map(ZoneInfo),
    clock=clocks,
    after=st.integers(0, 366 * 24 * 60),
)
def test_the_next_time_of_a_clock(zone: ZoneInfo, clock: time, after: int) -> None:
    at = BEGAN + timedelta(minutes=after)
    found = next_time(clock, at, zone)
    assert at < found <= at + timedelta(hours=49)
    shown = found.astimezone(zone).time()
    # A gap is an hour, or half of one; on Lord Howe.
    assert shown == clock or zone.utcoffset(found) != zone.utcoffset(found - timedelta(hours=3))


def test_of_nothing_more_than_twice_or_soon_again() -> None:
    at = datetime(2026, 11, 20, 18, tzinfo=UTC)
    now = Reminder(at, at + timedelta(hours=3), frozenset("ab"))
    hours = [at - timedelta(hours=by) for by in (1, 2, 30)]
    assert not_yet_reminded(now, [], at) == {"a", "b"}
    assert not_yet_reminded(now, [(hours[0], "a")], at) == {"b"}
    assert not_yet_reminded(now, [(hours[1], "a")], at) == {"a", "b"}
    assert not_yet_reminded(now, [(hours[1], "a"), (hours[2], "ac")], at) == {"b"}
