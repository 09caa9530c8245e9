"""What every way to remind a patient takes: words that say nothing about them, and how long they
may still be shown. Reminders are no pages: they have channels and queues of their own.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from services.channels.base import ChannelError

# What is still unread is replaced, never added to.
TAG: Final = "interlude-reminder"


@dataclass(frozen=True, slots=True)
class Nudge:
    """One reminder to one device; worthless after `ttl_s` seconds."""

    address: str = field(repr=False)
    title: str
    body: str
    ttl_s: int


class AddressGone(ChannelError):
    """The service does not know the device any more: nothing will ever get there."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class BusyLater(ChannelError):
    """The service wants to be left alone for so many seconds."""

    def __init__(self, reason: str, retry_after_s: int) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s


class ReminderChannel(Protocol):
    """One way to remind."""

    def remind(self, nudge: Nudge, now: datetime) -> None:
        """The service has it when this returns. Raises `ChannelError`, within a bounded time."""
        ...


LONGEST_WAIT_S: Final = 3600


def wait_of(retry_after: str | None) -> int | None:
    """Seconds of a `Retry-After` header, an hour at most; None for what says none."""
    text = (retry_after or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) < 9):
        return None
    return min(int(text), LONGEST_WAIT_S)


def failure(
    name: str, status: int, retry_after: str | None, *, permanent: bool = False
) -> ChannelError:
    """What an answer without success means."""
    wait = wait_of(retry_after)
    if not permanent and wait is not None:
        return BusyLater(f"{name}_{status}", wait)
    return ChannelError(f"{name}_{status}", permanent=permanent)
