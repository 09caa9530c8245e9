"""When will a human look: staffed windows, working mornings and the words for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.rules.escalation.staffing import (
    StaffedSpan,
    StaffingError,
    absolute,
    monitoring_text,
    next_working_morning,
    parse_staffing,
    staffed_window,
)

NEW_YORK = "America/New_York"
OFFICE = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}
ALL_DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def clinic(*staffed, holidays=(), zone=NEW_YORK):
    return parse_staffing(zone, staffed, holidays)


def local(text, zone=NEW_YORK):
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T08:59:59", "2026-11-20T09:00"),
        ("2026-11-20T09:00", "2026-11-20T09:00"),
        ("2026-11-20T16:59:59", "2026-11-20T16:59:59"),
        ("2026-11-20T17:00", "2026-11-23T09:00"),
        ("2026-11-21T12:00", "2026-11-23T09:00"),
        ("2026-11-25T18:00", "2026-11-27T09:00"),
    ],
)
def test_the_next_staffed_instant_skips_weekends_and_holidays(now, expected):
    staffing = clinic(OFFICE, holidays=["2026-11-26"])
    window = staffed_window(staffing, local(now))
    assert max(local(now), window.starts_at) == local(expected)


def test_without_hours_nobody_is_ever_promised():
    assert staffed_window(clinic(), local("2026-11-20T10:00")) is None


def test_a_night_shift_belongs_to_the_day_it_starts_on():
    night = clinic({"days": ["fri"], "from": "20:00", "to": "06:00"}, holidays=["2026-11-21"])
    now = local("2026-11-21T03:00")
    assert staffed_window(night, now) == StaffedSpan(
        local("2026-11-20T20:00").astimezone(UTC), local("2026-11-21T06:00").astimezone(UTC)
    )


def test_windows_that_touch_or_overlap_are_one():
    staffing = clinic(
        {"days": ["fri"], "from": "12:00", "to": "24:00"},
        {"days": ["fri"], "from": "09:00", "to": "12:00"},
        {"days": ["fri"], "from": "10:00", "to": "11:00"},
        {"days": ["sat"], "from": "00:00", "to": "02:00"},
        {"days": ["sat"], "from": "02:01", "to": "05:00"},
    )
    window = staffed_window(staffing, local("2026-11-20T10:00"))
    assert window.starts_at == local("2026-11-20T09:00")
    assert window.ends_at == local("2026-11-21T02:00")


@pytest.mark.parametrize(
    ("day", "offset"), [("2026-03-06", 5), ("2026-03-09", 4), ("2026-10-30", 4), ("2026-11-02", 5)]
)
def test_hours_are_wall_clock_across_both_clock_changes(day, offset):
    expected = datetime.fromisoformat(f"{day}T09:00").replace(tzinfo=UTC) + timedelta(hours=offset)
    window = staffed_window(clinic(OFFICE), expected - timedelta(hours=6))
    assert window.starts_at == expected


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-20T07:59:59", "2026-11-20T08:00"),
        ("2026-11-20T08:00", "2026-11-20T08:00"),
        ("2026-11-20T08:00:01", "2026-11-23T08:00"),
        ("2026-11-25T12:00", "2026-11-27T08:00"),
        ("2026-10-31T23:00", "2026-11-02T08:00"),
        ("2026-03-07T23:00", "2026-03-09T08:00"),
    ],
)
@pytest.mark.parametrize("staffed", [[], [OFFICE]], ids=["none set", "office hours"])
def test_the_next_working_morning(staffed, now, expected):
    staffing = clinic(*staffed, holidays=["2026-11-26"])
    assert next_working_morning(staffing, local(now)) == local(expected)


def test_working_days_are_the_staffed_ones():
    weekend = clinic({"days": ["sat", "sun"], "from": "10:00", "to": "12:00"})
    assert next_working_morning(weekend, local("2026-11-23T12:00")) == local("2026-11-28T08:00")


def test_the_morning_is_that_of_the_clinic():
    kolkata = clinic(zone="Asia/Kolkata")
    found = next_working_morning(kolkata, datetime(2026, 11, 22, 20, 0, tzinfo=UTC))
    assert found == datetime(2026, 11, 23, 2, 30, tzinfo=UTC)
    assert found.tzinfo is UTC


def test_mail_is_not_delayed_for_ever_by_endless_holidays():
    start = datetime(2026, 11, 20, tzinfo=UTC).date()
    holidays = [(start + timedelta(days=n)).isoformat() for n in range(500)]
    staffing = clinic(OFFICE, holidays=holidays)
    assert next_working_morning(staffing, local("2026-11-20T12:00")) == local("2026-11-21T08:00")
    assert staffed_window(staffing, local("2026-11-20T12:00")) is None


@pytest.mark.parametrize(
    ("zone", "staffed", "holidays"),
    [
        ("Mars/Olympus", [OFFICE], []),
        (NEW_YORK, [{**OFFICE, "days": ["monday"]}], []),
        (NEW_YORK, [{**OFFICE, "days": []}], []),
        (NEW_YORK, [{**OFFICE, "days": "mon"}], []),
        (NEW_YORK, [{"days": ["mon"], "from": "09:00"}], []),
        (NEW_YORK, [{**OFFICE, "to": "25:00"}], []),
        (NEW_YORK, [OFFICE], ["Christmas"]),
        (NEW_YORK, [7], []),
    ],
)
def test_hours_that_cannot_be_read_are_an_error(zone, staffed, holidays):
    with pytest.raises(StaffingError):
        parse_staffing(zone, staffed, holidays)


def test_at_night_it_promises_nothing_before_the_next_staffed_hour():
    text = monitoring_text(clinic(OFFICE), local("2026-11-21T22:15"), paged=True)
    assert "before Monday 2026-11-23 09:00 (America/New_York, UTC-05:00)" in text
    assert "not watched around the clock" in text
    assert "alert is on its way" in text
    assert "Notes are not read around the clock." in text


def test_in_staffed_hours_it_says_until_when():
    text = monitoring_text(clinic(OFFICE), local("2026-11-20T16:00"), paged=False)
    assert "until Friday 2026-11-20 17:00" in text
    assert "alert" not in text


def test_without_hours_it_tells_people_not_to_count_on_it():
    text = monitoring_text(clinic(), local("2026-11-20T16:00"), paged=False)
    assert "do not count on anyone" in text


def test_only_a_clinic_that_is_staffed_at_all_hours_may_say_so():
    always = clinic({"days": ALL_DAYS, "from": "00:00", "to": "24:00"})
    text = monitoring_text(always, local("2026-11-20T16:00"), paged=True)
    assert "at all hours" in text
    assert "Notes are not read around the clock." in text
    closed = clinic({"days": ALL_DAYS, "from": "00:00", "to": "00:00"}, holidays=["2026-11-25"])
    assert "until Wednesday 2026-11-25 00:00" in monitoring_text(
        closed, local("2026-11-20T16:00"), paged=True
    )


def test_the_clinics_own_words_stand_beside_ours():
    now = local("2026-11-20T16:00")
    text = monitoring_text(clinic(), now, paged=False, clinic_text=" We read on Mondays. ")
    assert "We read on Mondays. Notes are not read" in text


def test_after_a_refusal_it_does_not_say_that_the_answers_were_saved():
    text = monitoring_text(clinic(), local("2026-11-20T16:00"), paged=True, stored=False)
    assert text.startswith("The answers could not be saved as sent, but an alert")


def test_instants_are_absolute_and_carry_their_zone():
    at = datetime(2026, 11, 21, 18, 30, tzinfo=UTC)
    assert (
        absolute(at, ZoneInfo("Asia/Kolkata"))
        == "Sunday 2026-11-22 00:00 (Asia/Kolkata, UTC+05:30)"
    )
