"""Which mood day is running for whom, worked out once a zone and not once a patient."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, tzinfo

from services.rules.mood_days import find_zone, mood_day_at


class Days:
    """Mood days as of one instant; an unknown zone counts as UTC."""

    def __init__(self, now: datetime, timezones: Iterable[str] = ()) -> None:
        self.now = now
        self._known: dict[str, tuple[tzinfo, date]] = {}
        for timezone in timezones:
            self._look_up(timezone)

    def today(self, timezone: str) -> date:
        """The mood day that is running in a zone."""
        return self._look_up(timezone)[1]

    def day_of(self, moment: datetime, timezone: str) -> date:
        """The mood day of an instant in a zone."""
        return mood_day_at(moment, self._look_up(timezone)[0])

    def clock(self, moment: datetime, timezone: str) -> str:
        """`14:30` on a clock in the zone."""
        return moment.astimezone(self._look_up(timezone)[0]).strftime("%H:%M")

    def all_today(self) -> dict[str, date]:
        """The running day of every zone that was asked for."""
        return {name: today for name, (_, today) in self._known.items()}

    def _look_up(self, timezone: str) -> tuple[tzinfo, date]:
        found = self._known.get(timezone)
        if found is None:
            zone = find_zone(timezone) or UTC
            found = self._known[timezone] = (zone, mood_day_at(self.now, zone))
        return found
