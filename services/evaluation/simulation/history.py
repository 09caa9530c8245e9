"""What one patient has answered and been given: all that the worsening rules may look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from services.rules.courses import Session, Treatment
from services.rules.day_series import Entry
from services.rules.instruments.answers import Answers

DAILY, TWO_WEEKS = "phq9-daily", "phq9"


class Event(NamedTuple):
    """An entry of an instrument (`kind` 1) or a session (`kind` 0), and when it came."""

    at: datetime
    kind: int
    recorded_at: datetime
    id: str
    instrument: str
    what: Entry | Session


@dataclass(frozen=True, slots=True)
class History:
    """The current versions of all check-ins by instrument, and the treatment; `zone` is IANA.

    `answers` holds those of the forms whose rules look at single items, by entry id.
    """

    patient: str
    treatment: Treatment
    entries: Mapping[str, Sequence[Entry]]
    zone: str = "UTC"
    indications: frozenset[str] = frozenset()
    answers: Mapping[str, Answers] = field(default_factory=dict)

    def as_it_came(self) -> list[Event]:
        """Return every entry when it was received and every session when it began, in the order of
        these instants; a session before an entry of the same instant.
        """
        events = [
            Event(entry.received_at, 1, entry.recorded_at, entry.entry_id, name, entry)
            for name, found in self.entries.items()
            for entry in found
        ]
        for one in self.treatment.sessions:
            events.append(Event(one.started_at, 0, one.started_at, one.id, "", one))
        return sorted(events, key=lambda event: event[:4])

    def days_watched(self, since: date | None = None) -> int:
        """Mood days from the first answer, or from `since`, to the last answer, both included."""
        days = [entry.mood_day for found in self.entries.values() for entry in found]
        if not days:
            return 0
        first = min(days) if since is None else max(min(days), since)
        return max((max(days) - first).days + 1, 0)
