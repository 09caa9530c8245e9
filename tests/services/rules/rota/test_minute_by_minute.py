"""Who is on call, against a walk minute by minute around the nights when the clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.builders.rules.rota import ZONES, disagreements, full_schedule

# Around the clock changes of New York, London, Santiago and Lord Howe.
NIGHTS = (datetime(2026, 3, 8, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC))
NIGHTS += (datetime(2026, 4, 4, 20, tzinfo=UTC), datetime(2026, 9, 6, tzinfo=UTC))
NIGHTS += (datetime(2026, 10, 3, 20, tzinfo=UTC), datetime(2026, 10, 25, tzinfo=UTC))
NIGHTS += (datetime(2026, 11, 1, tzinfo=UTC),)


@pytest.mark.parametrize("kind", ["daily", "weekly", "hours"])
@pytest.mark.parametrize("zone", ZONES)
def test_every_minute_of_the_nights_has_whom_the_walk_finds(zone: str, kind: str):
    for number, night in enumerate(NIGHTS):
        begin = night - timedelta(days=6)
        schedule = full_schedule(number, zone, kind, begin, days=12)
        assert (
            disagreements(schedule, night - timedelta(hours=6), night + timedelta(hours=20)) == []
        )
