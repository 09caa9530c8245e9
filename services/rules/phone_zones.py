"""Names of zones that phones report and the zone database does not have."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta, timezone
from types import MappingProxyType
from typing import Final

# Names that stand for one place: retired ones, and abbreviations that mean one zone. Those that
# mean several (BST, CST, IST ...) are left out: the clinic's zone is nearer than a guess.
# Source: IANA time zone database, `backward` and the abbreviations of its zones.
ALIASES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "Asia/Beijing": "Asia/Shanghai",
        "US/Pacific-New": "America/Los_Angeles",
        "Z": "UTC",
        "AKST": "America/Anchorage",
        "AKDT": "America/Anchorage",
        "PST": "America/Los_Angeles",
        "PDT": "America/Los_Angeles",
        "MDT": "America/Denver",
        "CDT": "America/Chicago",
        "EDT": "America/New_York",
        "ADT": "America/Halifax",
        "WEST": "Europe/Lisbon",
        "CEST": "Europe/Berlin",
        "EEST": "Europe/Athens",
        "MSK": "Europe/Moscow",
        "SAST": "Africa/Johannesburg",
        "PKT": "Asia/Karachi",
        "WIB": "Asia/Jakarta",
        "SGT": "Asia/Singapore",
        "HKT": "Asia/Hong_Kong",
        "JST": "Asia/Tokyo",
        "KST": "Asia/Seoul",
        "AWST": "Australia/Perth",
        "AEST": "Australia/Sydney",
        "AEDT": "Australia/Sydney",
        "NZST": "Pacific/Auckland",
        "NZDT": "Pacific/Auckland",
    }
)
# The widest that any phone's library lets be set; inhabited places lie between -12 and +14.
WIDEST: Final = timedelta(hours=18)
_OFFSET: Final = re.compile(
    r"(?:GMT|UTC|UT)?(?P<sign>[+\-\N{MINUS SIGN}])"
    r"(?P<hours>[0-9]{1,2})(?::?(?P<minutes>[0-5][0-9]))?",
    re.IGNORECASE,
)


def fixed_offset(name: str) -> timezone | None:
    """The offset that a name such as `GMT+3`, `UTC-05:00` or `-03` says: east of Greenwich is plus.

    The zone database's own `Etc/GMT+3` counts the other way, and is no such name.
    """
    found = _OFFSET.fullmatch(name)
    if found is None:
        return None
    ahead = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if ahead > WIDEST:
        return None
    return timezone(ahead if found["sign"] == "+" else -ahead)
