"""How the report writes numbers, days and instants: part of what its fingerprint covers."""

from __future__ import annotations

from datetime import UTC, date, datetime
from fractions import Fraction

from services.rules.statistics import as_number

Json = dict[str, object]


def number(value: int | float | Fraction | None) -> int | float | None:
    """Return the nearest double, an integer when it is whole, None for nothing."""
    return None if value is None else as_number(value)


def day(mood_day: date | None) -> str | None:
    """Return an ISO date."""
    return None if mood_day is None else mood_day.isoformat()


def instant(moment: datetime) -> str:
    """Return RFC 3339 in UTC with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
