"""What a zone, a country and an e-mail address must look like before they are stored."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from services.exceptions import Invalid
from services.rules.mood_days import find_zone

MAX_EMAIL = 254


def check_timezone(name: str, field: str = "timezone") -> str:
    """The name under which the zone is kept; raises `Invalid` for one that staff mistyped."""
    zone = known_timezone(name)
    if zone is None:
        raise Invalid({field: ["Not a time zone that is known."]})
    return zone


def known_timezone(name: str | None) -> str | None:
    """The same of what a phone reports; None for an unknown name, which must refuse nobody."""
    zone = find_zone(name) if name else None
    return None if zone is None else str(zone)


@cache
def known_countries() -> frozenset[str]:
    """The ISO 3166-1 alpha-2 codes, as the time zone database lists them."""
    table = files("tzdata.zoneinfo").joinpath("iso3166.tab").read_text("utf-8")
    lines = (line for line in table.splitlines() if not line.startswith("#"))
    return frozenset(line.split("\t")[0] for line in lines if line)


def check_country(code: str, field: str = "country") -> str:
    """An ISO 3166-1 alpha-2 code in capitals; raises `Invalid`."""
    if code not in known_countries():
        raise Invalid({field: ["Not an ISO 3166-1 country code of two capital letters."]})
    return code


def check_email(address: str, field: str = "email") -> str:
    """One bare address that is safe in a mail header; raises `Invalid`."""
    local, _, domain = address.rpartition("@")
    bare = address.isprintable() and not set(address) & set(' ,;:<>()[]\\"')
    if not (bare and local and "@" not in local and domain and len(address) <= MAX_EMAIL):
        raise Invalid({field: ["Not an e-mail address."]})
    return address
