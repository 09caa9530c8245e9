"""Wall-clock times of forms, in the zone of whoever fills them in, and instants of the API."""

from __future__ import annotations

from datetime import datetime, tzinfo


def instant_text(typed: str, zone: tzinfo) -> str:
    """A wall-clock time as the API has instants; what is none stays as it is, to be refused."""
    try:
        local = datetime.fromisoformat(typed.strip())
    except ValueError:
        return typed
    # An offset that somebody wrote is not exchanged for another one.
    return (local if local.tzinfo else local.replace(tzinfo=zone)).isoformat()


def local_text(at: datetime, zone: tzinfo) -> str:
    """An instant as the value of a `datetime-local` field, to the minute."""
    return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M")
