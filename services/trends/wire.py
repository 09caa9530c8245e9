"""How a report writes an instant: part of what its fingerprint covers."""

from __future__ import annotations

from datetime import UTC, datetime


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC with Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
