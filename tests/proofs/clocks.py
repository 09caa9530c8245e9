"""Clocks and zones over HTTP: Kolkata, New York's clock-change nights, a phone 3 days ahead.

The days that are expected are written down here by hand from the calendar rule of the United
States (second Sunday of March, first Sunday of November, at 02:00), not by the code under test.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService, wait_until
from tests.proofs.seen import Seen, mails_about, post, verdict, ward

NEW_YORK, KOLKATA = "America/New_York", "Asia/Kolkata"
IST, EDT, EST = (timezone(timedelta(minutes=minutes)) for minutes in (330, -240, -300))
SUNDAY = 6
ALERT = "SELECT id, severity FROM alerts WHERE patient_id = %s"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: when it was made and where, and the mood day and flags that it must get."""

    name: str
    zone: str
    recorded_at: datetime
    mood_day: date
    flags: frozenset[str] = frozenset()
    sent_at: datetime | None = None


def days_and_alerts(running: RunningService, years: Sequence[int]) -> Seen:
    """Every entry with an item 9 of 2: the right mood day and flags, and a page at once."""
    kolkata = ward(running, timezone=KOLKATA, country="IN")
    new_york = ward(running, timezone=NEW_YORK, country="US")
    clinics = {KOLKATA: kolkata, NEW_YORK: new_york}
    entries = list(_entries(years, datetime.now(UTC)))
    problems = [
        f"{entry.name}: {problem}"
        for entry in entries
        for problem in _try(running, clinics[entry.zone], entry)
    ]
    seen = "right mood day and flags, alert and page at once, for each"
    claim = "Kolkata, New York's clock-change nights, a phone 3 days ahead"
    return verdict(claim, f"{len(entries)} entries", seen, problems)


def _entries(years: Sequence[int], now: datetime) -> Iterator[Entry]:
    yesterday = (now.astimezone(IST) - timedelta(days=1)).date()
    for hour, back in ((3, 1), (4, 0)):
        at = datetime.combine(yesterday, datetime.min.time(), IST) + timedelta(
            hours=hour, minutes=30
        )
        yield Entry(f"Kolkata {hour}:30", KOLKATA, at, yesterday - timedelta(days=back))
    for year in years:
        yield from _nights(year)
    ahead, today = now + timedelta(days=3), mood_day_of(now, IST)
    skewed = frozenset({"clock_skew"})
    yield Entry("3 days ahead", KOLKATA, ahead, today, skewed)
    yield Entry("3 days ahead, and says so", KOLKATA, ahead, today, skewed, sent_at=ahead)


def _nights(year: int) -> Iterator[Entry]:
    spring, autumn = _sunday(year, 3, 2), _sunday(year, 11, 1)
    times = [
        (spring, 1, EST, 1),
        (spring, 3, EDT, 1),
        (spring, 4, EDT, 0),
        (autumn, 1, EDT, 1),  # the hour that comes twice
        (autumn, 1, EST, 1),
        (autumn, 3, EST, 1),
        (autumn, 4, EST, 0),
    ]
    for day, hour, offset, back in times:
        at = datetime(day.year, day.month, day.day, hour, 30, tzinfo=offset)
        name = f"New York {at.isoformat()}"
        late = frozenset({"entered_late"})
        yield Entry(name, NEW_YORK, at, day - timedelta(days=back), late)


def mood_day_of(moment: datetime, offset: timezone) -> date:
    """The mood day begins at 04:00; for a zone that never changes its clocks."""
    return (moment.astimezone(offset) - timedelta(hours=4)).date()


def _sunday(year: int, month: int, number: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(SUNDAY - first.weekday()) % 7 + 7 * (number - 1))


def _try(running: RunningService, clinic: ClinicWorld, entry: Entry) -> list[str]:
    person = clinic.patient()
    body = phq9(item9=2, recorded_at=entry.recorded_at.isoformat(), timezone=entry.zone)
    headers = {"Interlude_Sent_At": entry.sent_at.isoformat()} if entry.sent_at else {}
    reply = post(running, person, body, **headers)
    record: Any = reply.json()
    problems = []
    if reply.status != 201 or record.get("mood_day") != entry.mood_day.isoformat():
        problems.append(f"{reply.status}, mood day {record.get('mood_day')}")
    if set(record.get("flags", ())) != entry.flags:
        problems.append(f"flags {record.get('flags')}")
    alerts = running.rows(ALERT, person.patient_id)
    if [alert.severity for alert in alerts] != ["critical"]:
        return [*problems, f"{len(alerts)} alerts"]
    wait_until(lambda: mails_about(running, alerts[0].id), "the page is there")
    return problems
