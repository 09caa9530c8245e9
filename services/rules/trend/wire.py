"""How the report writes numbers, days and instants: part of what its fingerprint covers."""

import datetime as dt
from fractions import Fraction

from services.rules.statistics import as_number

Json = dict[str, object]


def number(value: int | float | Fraction | None) -> int | float | None:
    """Return the nearest double, an integer when it is whole, None for nothing."""
    return None if value is None else as_number(value)


def day(mood_day: dt.date | None) -> str | None:
    """Return an ISO date."""
    return None if mood_day is None else mood_day.isoformat()


def instant(moment: dt.datetime) -> str:
    """Return RFC 3339 in UTC with Z."""
    return moment.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
