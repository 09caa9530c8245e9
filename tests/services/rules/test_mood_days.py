"""Which day an answer is about: zones, clock changes, the ends of the calendar."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta
from datetime import timezone as fixed_offset

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.mood_days import (
    CLOCK_SKEW,
    EARLIEST,
    ENTERED_LATE,
    IMPLAUSIBLE_TIME,
    LATEST,
    TIMEZONE_MISSING,
    UNKNOWN_TIMEZONE,
    Placement,
    find_zone,
    mood_day_at,
    place,
    shift,
    to_utc,
)
from services.rules.phone_zones import ALIASES

NEW_YORK = "America/New_York"
KOLKATA = "Asia/Kolkata"


def placed_at_once(recorded_at: str, timezone: str | None, profile: str = "Etc/UTC") -> Placement:
    """An answer that is received the moment it is recorded."""
    recorded = datetime.fromisoformat(recorded_at)
    return place(recorded, timezone, profile, received_at=to_utc(recorded))


@pytest.mark.parametrize(
    ("recorded_at", "timezone", "mood_day"),
    [
        ("2026-11-21T22:15:00-05:00", NEW_YORK, "2026-11-21"),
        ("2026-11-21T03:59:59-05:00", NEW_YORK, "2026-11-20"),
        ("2026-11-21T04:00:00-05:00", NEW_YORK, "2026-11-21"),
        # Clocks go forward at 02:00 on 8 March 2026: 03:30 is the first hour that exists.
        ("2026-03-08T01:59:59-05:00", NEW_YORK, "2026-03-07"),
        ("2026-03-08T03:30:00-04:00", NEW_YORK, "2026-03-07"),
        ("2026-03-08T04:30:00-04:00", NEW_YORK, "2026-03-08"),
        # Clocks go back at 02:00 on 1 November 2026: 01:30 comes twice, both before 04:00.
        ("2026-11-01T01:30:00-04:00", NEW_YORK, "2026-10-31"),
        ("2026-11-01T01:30:00-05:00", NEW_YORK, "2026-10-31"),
        ("2026-11-01T03:30:00-05:00", NEW_YORK, "2026-10-31"),
        ("2026-11-01T04:30:00-05:00", NEW_YORK, "2026-11-01"),
        # A phone that still sends last season's offset: the zone decides, not the offset.
        ("2026-03-08T03:30:00-05:00", NEW_YORK, "2026-03-08"),
        ("2026-11-01T04:30:00-04:00", NEW_YORK, "2026-10-31"),
        # Half-hour zone; 22:29 UTC is 03:59 the next morning in Kolkata.
        ("2026-11-20T22:29:00+00:00", KOLKATA, "2026-11-20"),
        ("2026-11-20T22:30:00+00:00", KOLKATA, "2026-11-21"),
        ("2026-11-21T03:30:00+05:30", KOLKATA, "2026-11-20"),
        ("2026-11-21T04:30:00+05:30", KOLKATA, "2026-11-21"),
    ],
)
def test_a_mood_day_starts_at_four_on_the_wall_clock_of_the_zone(recorded_at, timezone, mood_day):
    placed = placed_at_once(recorded_at, timezone)

    assert placed.mood_day.isoformat() == mood_day
    assert placed.zone == timezone
    assert placed.flags == frozenset()


def test_an_absent_zone_means_the_profile_zone_and_a_flag():
    # 22:45 in UTC is 04:15 of the next morning in Kolkata: the next mood day there.
    placed = placed_at_once("2026-11-21T22:45:00+00:00", None, profile=KOLKATA)

    assert (placed.mood_day.isoformat(), placed.zone) == ("2026-11-22", KOLKATA)
    assert placed.flags == {TIMEZONE_MISSING}


@pytest.mark.parametrize(
    "name",
    [
        "Mars/Olympus",
        "",
        "localtime",
        "Factory",
        "right/America/New_York",
        "../../etc/passwd",
        "America",
        "new york\x00",
        "x" * 5000,
        "/etc/passwd",
        "america/new york",
    ],
)
def test_an_unknown_zone_means_the_own_offset_and_a_flag(name):
    placed = placed_at_once("2026-11-21T03:30:00-05:00", name, profile=KOLKATA)

    assert (placed.mood_day.isoformat(), placed.zone) == ("2026-11-20", "UTC-05:00")
    assert placed.flags == {UNKNOWN_TIMEZONE}


@pytest.mark.parametrize(
    ("name", "hours", "kept"),
    [
        ("GMT+3", 3, "UTC+03:00"),
        ("GMT+03:00", 3, "UTC+03:00"),
        ("UTC-05:00", -5, "UTC-05:00"),
        ("UTC+05:30", 5.5, "UTC+05:30"),
        ("-03", -3, "UTC-03:00"),
        ("+0530", 5.5, "UTC+05:30"),
        ("\N{MINUS SIGN}3", -3, "UTC-03:00"),
        ("GMT+00:00", 0, "UTC"),
        ("Z", 0, "UTC"),
        ("Etc/GMT+3", -3, "Etc/GMT+3"),
        ("Asia/Beijing", 8, "Asia/Shanghai"),
        ("US/Pacific-New", -8, "America/Los_Angeles"),
        ("PDT", -8, "America/Los_Angeles"),
        ("JST", 9, "Asia/Tokyo"),
        ("EST", -5, "EST"),
        ("utc", 0, "UTC"),
        ("z", 0, "UTC"),
        ("europe/paris", 1, "Europe/Paris"),
        ("AMERICA/NEW_YORK", -5, "America/New_York"),
        ("asia/BEIJING", 8, "Asia/Shanghai"),
        ("pdt", -8, "America/Los_Angeles"),
        ("gmt+3", 3, "UTC+03:00"),
    ],
)
def test_a_name_that_a_phone_reports_is_its_zone(name, hours, kept):
    placed = placed_at_once("2026-11-21T12:00:00+00:00", name, profile=KOLKATA)
    zone = find_zone(name)

    assert (placed.zone, placed.flags) == (kept, frozenset())
    assert RECEIVED.astimezone(zone).utcoffset() == timedelta(hours=hours)
    assert str(find_zone(kept)) == kept


@pytest.mark.parametrize(
    "name", ["GMT+19", "GMT+3:75", "GMT3", "+", "UTC+", "+99999", "BST", "bst", "FACTORY"]
)
def test_what_names_no_zone_or_several_is_unknown(name):
    assert find_zone(name) is None


def test_every_alias_names_a_zone_that_is_no_name_itself():
    for name, place_name in ALIASES.items():
        assert str(find_zone(name)) == place_name
        assert name.casefold() not in map(str.casefold, zoneinfo.available_timezones())


def test_no_two_zones_differ_in_the_case_of_letters_alone():
    for name in zoneinfo.available_timezones() - {"localtime", "Factory"}:
        assert str(find_zone(name.swapcase())) == name


def test_a_profile_with_an_unknown_zone_falls_back_to_the_own_offset_too():
    placed = placed_at_once("2026-11-21T03:30:00+05:30", None, profile="Nowhere")

    assert (placed.mood_day.isoformat(), placed.zone) == ("2026-11-20", "UTC+05:30")
    assert placed.flags == {TIMEZONE_MISSING, UNKNOWN_TIMEZONE}


DECADE = datetime(2020, 1, 1, tzinfo=UTC)
RECEIVED = datetime(2026, 11, 21, 12, tzinfo=UTC)
OFFSETS = st.integers(-23, 23).map(lambda hours: fixed_offset(timedelta(hours=hours)))


@pytest.mark.parametrize("timezone", [NEW_YORK, KOLKATA, "Pacific/Kiritimati", None, "Nowhere"])
@pytest.mark.parametrize("hours", [-14, -5, 0, 5, 14])
@pytest.mark.parametrize("end", [EARLIEST, LATEST])
def test_a_time_at_either_end_of_the_calendar_is_placed_and_not_refused(end, hours, timezone):
    recorded = end.replace(tzinfo=fixed_offset(timedelta(hours=hours)))

    placed = place(recorded, timezone, NEW_YORK, RECEIVED)

    if end == EARLIEST:
        assert ENTERED_LATE in placed.flags
        assert placed.mood_day.year == 1
    else:
        assert CLOCK_SKEW in placed.flags
        assert placed.answered_at == RECEIVED
        assert abs((placed.mood_day - RECEIVED.date()).days) <= 1


@given(
    recorded=st.datetimes(timezones=OFFSETS, allow_imaginary=True),
    sent=st.none() | st.datetimes(timezones=OFFSETS),
    stated=st.none() | st.dates(),
    timezone=st.none() | st.sampled_from([NEW_YORK, KOLKATA, "Nowhere"]),
)
def test_no_clock_whatever_makes_an_answer_fail_or_come_from_the_future(
    recorded, sent, stated, timezone
):
    placed = place(recorded, timezone, NEW_YORK, RECEIVED, sent, stated)

    assert placed.answered_at - RECEIVED <= timedelta(minutes=15)
    assert placed.mood_day <= RECEIVED.date() + timedelta(days=1)


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: DECADE + timedelta(minutes=minutes)),
    st.sampled_from([NEW_YORK, KOLKATA, "Europe/London", "Australia/Lord_Howe"]),
)
def test_the_mood_day_is_the_date_of_the_wall_clock_four_hours_back(instant, name):
    zone = find_zone(name)
    assert zone is not None

    local = instant.astimezone(zone).replace(tzinfo=None)

    assert mood_day_at(instant, zone) == (local - timedelta(hours=4)).date()


@pytest.mark.parametrize(
    ("recorded", "known_since", "is_implausible"),
    [
        ("1970-01-01T00:00:00Z", "2026-11-01T09:00:00Z", True),
        ("2024-11-01T08:59:59Z", "2026-11-01T09:00:00Z", True),
        ("2024-11-01T09:00:00Z", "2026-11-01T09:00:00Z", False),
        ("2022-02-28T08:59:59Z", "2024-02-29T09:00:00Z", True),
        ("2022-02-28T09:00:00Z", "2024-02-29T09:00:00Z", False),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", False),
        ("1970-01-01T00:00:00Z", None, False),
    ],
)
def test_a_stamp_of_two_years_before_the_patient_was_known_is_not_believed(
    recorded, known_since, is_implausible
):
    since = None if known_since is None else datetime.fromisoformat(known_since)

    placed = place(datetime.fromisoformat(recorded), KOLKATA, KOLKATA, RECEIVED, known_since=since)

    assert (IMPLAUSIBLE_TIME in placed.flags) is is_implausible


def test_a_time_without_an_offset_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="offset"):
        place(datetime(2026, 11, 21), NEW_YORK, NEW_YORK, RECEIVED)  # noqa: DTZ001 -- the naive instant that is refused


def test_moving_past_the_end_of_the_calendar_stops_there():
    assert shift(EARLIEST, timedelta(days=-1)) == EARLIEST
    assert shift(LATEST, timedelta(days=1)) == LATEST
