"""Clocks and zones over HTTP: Kolkata, New York's clock-change nights, a phone 3 days ahead.

The days that are expected are written down here by hand from the calendar rule of the United
States (second Sunday of March, first Sunday of November, at 02:00), not by the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest

from tests.builders.entries import phq9
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService

pytestmark = pytest.mark.xdist_group("running")
NEW_YORK, KOLKATA = "America/New_York", "Asia/Kolkata"
IST, EDT, EST = (timezone(timedelta(minutes=minutes)) for minutes in (330, -240, -300))
SUNDAY = 6
# Stamped longer ago than this before the patient accepted, no series takes it (contract).
TWO_YEARS = timedelta(days=730)


@dataclass(frozen=True, slots=True)
class ClockCase:
    """One entry: when it was made and where, and the mood day and flags that it must get."""

    name: str
    zone: str
    recorded_at: datetime
    mood_day: date
    flags: frozenset[str] = frozenset()
    sent_at: datetime | None = None


def test_odd_clocks_get_the_right_mood_day_and_danger_pages_at_once(
    running: RunningService, years: Sequence[int] = (2025,)
):
    clinics = {
        KOLKATA: running.clinic(timezone=KOLKATA, country="IN"),
        NEW_YORK: running.clinic(timezone=NEW_YORK, country="US"),
    }
    cases = list(clock_cases(years, datetime.now(UTC)))
    for case in cases:
        danger_is_placed_and_paged(running, clinics[case.zone], case)
    saw(f"{len(cases)} entries: right mood day and flags, alert and page at once, for each")


def danger_is_placed_and_paged(
    running: RunningService, clinic: ClinicWorld, case: ClockCase
) -> None:
    patient = clinic.patient()
    answer = phq9(item9=2, recorded_at=case.recorded_at.isoformat(), timezone=case.zone)
    sent = {"Interlude_Sent_At": case.sent_at.isoformat()} if case.sent_at else {}

    reply = running.post(patient, answer, **sent)

    assert reply.status == 201, case.name
    kept: Any = reply.json()
    assert kept["mood_day"] == case.mood_day.isoformat(), case.name
    assert set(kept["flags"]) == case.flags, case.name
    (alert,) = running.alerts(patient)
    assert alert.severity == "critical", case.name
    running.wait_for_page(alert.id)


def clock_cases(years: Sequence[int], now: datetime) -> Iterator[ClockCase]:
    """The edges of a mood day in Kolkata, New York's nights, and a phone that is ahead."""
    yesterday = (now.astimezone(IST) - timedelta(days=1)).date()
    for hour, back in ((3, 1), (4, 0)):
        at = datetime(yesterday.year, yesterday.month, yesterday.day, hour, 30, tzinfo=IST)
        yield ClockCase(f"Kolkata {hour}:30", KOLKATA, at, yesterday - timedelta(days=back))
    for year in years:
        yield from clock_change_nights(year, now)
    ahead, today = now + timedelta(days=3), mood_day_of(now, IST)
    skewed = frozenset({"clock_skew"})
    yield ClockCase("3 days ahead", KOLKATA, ahead, today, skewed)
    yield ClockCase("3 days ahead, and says so", KOLKATA, ahead, today, skewed, sent_at=ahead)


def clock_change_nights(year: int, now: datetime) -> Iterator[ClockCase]:
    """Entries around 02:00 of the two nights, with the days by which they lie back, of patients who
    accept now.
    """
    spring, autumn = sunday(year, 3, 2), sunday(year, 11, 1)
    times = [
        (spring, 1, EST, 1),
        (spring, 3, EDT, 1),
        (spring, 4, EDT, 0),
        (autumn, 1, EDT, 1),  # the hour that comes twice
        (autumn, 1, EST, 1),
        (autumn, 3, EST, 1),
        (autumn, 4, EST, 0),
    ]
    late = frozenset({"entered_late"})
    for day, hour, offset, back in times:
        at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=offset)
        name = f"New York {at.isoformat()}"
        flags = late if at > now - TWO_YEARS else late | {"implausible_time"}
        yield ClockCase(name, NEW_YORK, at, day - timedelta(days=back), flags)


def mood_day_of(moment: datetime, offset: timezone) -> date:
    """The mood day begins at 04:00; for a zone that never changes its clocks."""
    return (moment.astimezone(offset) - timedelta(hours=4)).date()


def sunday(year: int, month: int, number: int) -> date:
    """The first, second ... Sunday of a month."""
    first = date(year, month, 1)
    return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (number - 1))
