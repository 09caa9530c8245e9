"""How reports write numbers, days and instants: part of what a fingerprint covers."""

from __future__ import annotations

from datetime import UTC, date, datetime

from services.rules.statistics import Exact, Step, as_number

Json = dict[str, object]


def number(value: Exact | float | None) -> int | float | None:
    """Return the nearest double, an integer when it is whole, None for nothing."""
    return None if value is None else as_number(value)


def day(mood_day: date | None) -> str | None:
    """Return an ISO date."""
    return None if mood_day is None else mood_day.isoformat()


def instant(moment: datetime) -> str:
    """Return RFC 3339 in UTC with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def step(found: Step) -> Json:
    """Return one step of a Kaplan-Meier curve."""
    return {
        "days": found.days,
        "at_risk": found.at_risk,
        "events": found.events,
        "censored": found.censored,
        "survival": as_number(found.survival),
    }
