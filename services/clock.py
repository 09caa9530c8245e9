"""The only read of the wall clock: whoever opens a use case reads it once and passes it down."""

from __future__ import annotations

from datetime import UTC, datetime


def utcnow() -> datetime:
    """The current instant, aware, in UTC."""
    return datetime.now(UTC)
