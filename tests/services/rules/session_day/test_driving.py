"""Until when not to drive, on ordinary days and when the clocks change; and rule E6."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.rules.courses import Session
from services.rules.decision import Tier
from services.rules.session_day.driving import (
    driving_restriction_until,
    e6,
    e6_not_acknowledged,
    is_restricted,
    restricted_until,
)
from tests.builders.rules.courses import treated
from tests.builders.rules.session_day import after, effect, report, session

BERLIN = ZoneInfo("Europe/Berlin")


def ended(*wall: int, product: str = "esketamine", zone: tzinfo = BERLIN) -> Session:
    """A session that ends at this time on the wall clock."""
    end = datetime(*wall, tzinfo=zone).astimezone(UTC)
    return Session("s", "c", end - timedelta(hours=1), product, "intranasal", end)


@pytest.mark.parametrize(
    ("name", "end", "until"),
    [
        ("an afternoon: 24 hours", (2026, 3, 10, 15), (2026, 3, 11, 15)),
        ("early: the next morning", (2026, 3, 10, 7, 59), (2026, 3, 11, 8)),
        ("at eight: both", (2026, 3, 10, 8), (2026, 3, 11, 8)),
        ("a minute past eight", (2026, 3, 10, 8, 1), (2026, 3, 11, 8, 1)),
        (
            "after midnight: the morning after the coming night",
            (2026, 3, 10, 0, 30),
            (2026, 3, 11, 8),
        ),
        ("late at night: 24 hours", (2026, 3, 10, 23, 30), (2026, 3, 11, 23, 30)),
        ("a night of 23 hours", (2026, 3, 28, 15), (2026, 3, 29, 16)),
        ("a day of 25 hours: 24 elapsed", (2026, 10, 24, 15), (2026, 10, 25, 14)),
        ("a day of 25 hours: the morning is later", (2026, 10, 24, 8, 30), (2026, 10, 25, 8)),
        ("over New Year", (2026, 12, 31, 7), (2027, 1, 1, 8)),
    ],
)
def test_the_later_of_a_day_and_the_next_morning(name, end, until):
    found = driving_restriction_until(ended(*end), BERLIN)

    assert found == datetime(*until, tzinfo=BERLIN), name
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("product", "restricted"),
    [("ketamine", 1), ("esketamine", 1), ("ect", 1), ("other", 1), ("tms", 0)],
)
def test_which_products_forbid_driving(product, restricted):
    one = ended(2026, 3, 10, 15, product=product)

    assert (driving_restriction_until(one, BERLIN) is not None) == bool(restricted)
    assert is_restricted(one, BERLIN, one.over_at) == bool(restricted)


def test_an_infusion_without_an_end_counts_its_40_minutes():
    one = session(route="iv", minutes=None)

    assert driving_restriction_until(one, UTC) == after(hours=24, minutes=40)


def test_the_end_of_the_calendar_has_no_next_morning():
    last = Session("s", "c", datetime(9999, 12, 31, 12, tzinfo=UTC), "ketamine")

    assert driving_restriction_until(last, UTC) == datetime.max.replace(tzinfo=UTC)


@given(
    st.integers(0, 10 * 365 * 24 * 60).map(lambda minutes: after(minutes=minutes)),
    st.sampled_from(["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_it_is_never_less_than_a_day_and_never_before_eight_the_next_morning(end, name):
    zone = ZoneInfo(name)
    until = driving_restriction_until(Session("s", "c", end, "ketamine", None, end), zone)

    local, day_after = until.astimezone(zone), end.astimezone(zone).date() + timedelta(days=1)
    assert timedelta(hours=24) <= until - end <= timedelta(hours=33)
    assert (local.date(), local.hour) >= (day_after, 8)


@pytest.mark.parametrize(
    ("hours", "restricted"), [(-0.1, False), (0, True), (24.9, True), (25, False)]
)
def test_the_restriction_holds_from_the_start_until_its_end(hours, restricted):
    assert is_restricted(session(), UTC, after(hours)) is restricted


def test_of_two_sessions_the_later_end_holds():
    both = treated(session(), session("s2", hours=20))

    assert restricted_until(both, UTC, after(21)) == after(45)
    assert restricted_until(both, UTC, after(46)) is None


@pytest.mark.parametrize(("hours", "until"), [(3, after(25).isoformat()), (300, None)])
@pytest.mark.parametrize("grade", [1, 2, 3, 4])
def test_a_report_of_driving_always_fires(hours, until, grade):
    reported = report(hours, effect("drove_within_restriction", grade), late=True)
    decision = e6(reported, treated(session()), UTC)

    assert (decision.rule, decision.fired, decision.tier) == ("E6", True, Tier.MEDIUM)
    assert decision.inputs == {"drove": True, "restricted_until": until}


def test_other_effects_are_no_driving():
    decision = e6(report(3, effect("dizziness", 2)), treated(session()), UTC)

    assert (decision.fired, decision.is_met, decision.tier) == (False, False, None)


@pytest.mark.parametrize(
    ("product", "acknowledged", "fires"),
    [("ketamine", False, True), ("ketamine", True, False), ("tms", False, False)],
)
def test_going_home_without_acknowledging_is_low(product, acknowledged, fires):
    decision = e6_not_acknowledged(session(product=product), UTC, acknowledged)

    assert (decision.fired, decision.tier) == (fires, Tier.LOW if fires else None)
    assert (decision.about, decision.inputs["acknowledged"]) == ("s1", acknowledged)
