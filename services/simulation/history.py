"""What one patient has answered and been given: all that the worsening rules may look at."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from services.rules.day_series import Entry
from services.rules.treatment import Treatment

DAILY, TWO_WEEKS = "phq9-daily", "phq9"


@dataclass(frozen=True, slots=True)
class History:
    """The current versions of all check-ins by instrument, and the treatment; `zone` is IANA."""

    patient: str
    treatment: Treatment
    entries: Mapping[str, Sequence[Entry]]
    zone: str = "UTC"
    indications: frozenset[str] = frozenset()

    def as_received(self) -> Iterator[tuple[str, Entry]]:
        """Yield every instrument and entry in the order in which the service got them."""
        everything = [(name, entry) for name, found in self.entries.items() for entry in found]
        everything.sort(key=lambda one: (one[1].received_at, one[1].recorded_at, one[1].entry_id))
        yield from everything

    def days_watched(self, since: dt.date | None = None) -> int:
        """Mood days from the first answer, or from `since`, to the last answer, both included."""
        days = [entry.mood_day for found in self.entries.values() for entry in found]
        if not days:
            return 0
        first = min(days) if since is None else max(min(days), since)
        return max((max(days) - first).days + 1, 0)
