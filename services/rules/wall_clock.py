"""Instants and the clock on the patient's wall, safe at both ends of the calendar."""

import datetime as dt
import zoneinfo
from functools import cache

# Names found in a zone database that do not name a place: the first means something else on every
# machine, the second means "not set".
_NOT_A_PLACE = frozenset({"localtime", "Factory"})

EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
LATEST = dt.datetime.max.replace(tzinfo=dt.UTC)


@cache
def _known_zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NOT_A_PLACE


def find_zone(name: str) -> zoneinfo.ZoneInfo | None:
    """Return the IANA zone of exactly this name, or None when there is none."""
    return zoneinfo.ZoneInfo(name) if name in _known_zones() else None


def to_utc(instant: dt.datetime) -> dt.datetime:
    """Return the same instant in UTC; one outside the years 1-9999 becomes the nearest inside.

    Raises ValueError when the instant has no offset.
    """
    if instant.utcoffset() is None:
        raise ValueError("an instant needs an offset")
    try:
        return instant.astimezone(dt.UTC)
    except OverflowError:
        return EARLIEST if instant.year == dt.MINYEAR else LATEST


def shift(instant: dt.datetime, by: dt.timedelta) -> dt.datetime:
    """Return the instant moved by a duration, stopping at either end of the calendar."""
    try:
        return instant + by
    except OverflowError:
        return EARLIEST if by < dt.timedelta(0) else LATEST


def wall_clock(instant: dt.datetime, zone: dt.tzinfo) -> dt.datetime:
    """Return what a clock in the zone shows at the instant; the input's own clock at the ends."""
    try:
        return instant.astimezone(zone)
    except (OverflowError, ValueError):
        return instant
