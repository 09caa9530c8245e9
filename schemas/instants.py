"""RFC 3339, whole, and nothing else of ISO 8601."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

# Section 5.6, without the blank that its note allows between day and time.
_DATE_TIME: Final = re.compile(
    r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})"
    r"[Tt](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2}):(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]+))?"
    r"(?:[Zz]|(?P<sign>[+-])(?P<ahead_h>[0-9]{2}):(?P<ahead_min>[0-9]{2}))"
)
_LEAP: Final = 60


def read_instant(text: str) -> datetime:
    """The instant with the offset that was sent; `:60` is the second after, the year 0000 and what
    lies beyond 9999 the nearest that a calendar has. Raises ValueError for anything else.
    """
    found = _DATE_TIME.fullmatch(text)
    if found is None:
        raise ValueError("not an RFC 3339 instant")
    year, second = int(found["year"]), int(found["second"])
    zone = _offset(found)
    moment = datetime(
        year or 4,  # a leap year, so that 29 February is a day of the year 0000 too
        int(found["month"]),
        int(found["day"]),
        int(found["hour"]),
        int(found["minute"]),
        second - 1 if second == _LEAP else second,
        int((found["fraction"] or "0")[:6].ljust(6, "0")),
        zone,
    )
    if year == 0:
        return datetime.min.replace(tzinfo=zone)
    try:
        return moment + timedelta(seconds=1) if second == _LEAP else moment
    except OverflowError:
        return moment


def _offset(found: re.Match[str]) -> timezone:
    if found["sign"] is None:
        return UTC
    hours, minutes = int(found["ahead_h"]), int(found["ahead_min"])
    if hours > 23 or minutes > 59:
        raise ValueError("no such offset")
    ahead = timedelta(hours=hours, minutes=minutes)
    return timezone(-ahead if found["sign"] == "-" else ahead)
