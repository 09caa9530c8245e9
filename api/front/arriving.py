"""A request's body while it arrives: under a deadline, bounded, and never in a thread.

A client that sends half a body and waits holds a few hundred bytes of memory and nothing else.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]

# Each so many bytes received give a body another second.
BYTES_A_SECOND: Final = 2_000


class Arrival(StrEnum):
    """How a body ended."""

    WHOLE = "whole"
    LATE = "late"
    BROKEN_OFF = "broken off"
    CROWDED_OUT = "crowded out"


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds for the first byte and for the last; bytes that are kept and that are read at all;
    bodies of one client, bodies and bytes of all of them, that may be unfinished at once.
    """

    first_s: float
    longest_s: float
    kept_bytes: int
    read_bytes: int
    a_client: int = 64
    bodies: int = 4_096
    bytes_at_once: int = 256_000_000


@dataclass(eq=False, slots=True)
class Body:
    """What has arrived of one body. `client` is None where a trusted proxy sends for many."""

    client: str | None
    declared: int | None = None
    kept: bytearray = field(default_factory=bytearray)
    total: int = 0
    arrival: Arrival = Arrival.WHOLE
    deadline: asyncio.Timeout | None = None


class Arrivals:
    """All bodies that are arriving in this process.

    Over a bound the oldest unfinished body is ended, not the newest refused: a phone that sends at
    once is through before it is the oldest, a client that waits is not.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._unfinished: dict[Body, None] = {}
        self._of_client: dict[str, dict[Body, None]] = defaultdict(dict)
        self._bytes_now = 0

    async def read(self, body: Body, receive: Receive) -> None:
        """Read it to its end, or to whatever ends it; `body.arrival` says which."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self._begin(body)
        try:
            async with asyncio.timeout_at(began + self._limits.first_s) as body.deadline:
                while await self._part(body, receive):
                    allowed = self._limits.first_s + body.total / BYTES_A_SECOND
                    self._extend(body, began + min(allowed, self._limits.longest_s))
        except TimeoutError:
            if body.arrival is Arrival.WHOLE:
                body.arrival = Arrival.LATE
        finally:
            self._end(body)
        if body.arrival is Arrival.WHOLE and body.total < (body.declared or 0):
            over = body.total > self._limits.read_bytes
            body.arrival = Arrival.WHOLE if over else Arrival.BROKEN_OFF

    async def _part(self, body: Body, receive: Receive) -> bool:
        """Take one part; is there another to wait for?"""
        message = await receive()
        if message["type"] == "http.disconnect":
            body.arrival = Arrival.BROKEN_OFF
            return False
        part = message.get("body", b"")
        body.total += len(part)
        kept = part[: max(0, self._limits.kept_bytes - len(body.kept))]
        body.kept += kept
        self._hold(len(kept))
        return bool(message.get("more_body")) and body.total <= self._limits.read_bytes

    def _extend(self, body: Body, until: float) -> None:
        if body.arrival is Arrival.WHOLE and body.deadline is not None:
            body.deadline.reschedule(until)

    def _begin(self, body: Body) -> None:
        self._unfinished[body] = None
        if body.client is not None:
            mine = self._of_client[body.client]
            mine[body] = None
            if len(mine) > self._limits.a_client:
                self._crowd_out(next(iter(mine)))
        if len(self._unfinished) > self._limits.bodies:
            self._crowd_out(next(iter(self._unfinished)))

    def _hold(self, more: int) -> None:
        self._bytes_now += more
        if more and self._bytes_now > self._limits.bytes_at_once:
            self._crowd_out(next(iter(self._unfinished)))

    def _crowd_out(self, body: Body) -> None:
        """End it where it stands; what it says so far goes on to the application."""
        self._forget(body)
        body.arrival = Arrival.CROWDED_OUT
        if body.deadline is not None:
            # An expired deadline cannot be moved: then it has ended anyway.
            with suppress(RuntimeError):
                body.deadline.reschedule(asyncio.get_running_loop().time())

    def _end(self, body: Body) -> None:
        self._forget(body)
        self._bytes_now -= len(body.kept)

    def _forget(self, body: Body) -> None:
        self._unfinished.pop(body, None)
        mine = self._of_client.get(body.client or "")
        if mine is not None:
            mine.pop(body, None)
            if not mine:
                del self._of_client[body.client or ""]
