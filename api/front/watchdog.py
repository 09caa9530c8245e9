"""A process that does not answer `/healthz` ends, so that its server puts another in its place."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import TimeoutError as DeafError
from typing import Any, Final

import structlog

log = structlog.get_logger()

LOOK_S: Final = 2.0
EXIT_CODE: Final = 70
HEALTHZ: Final[dict[str, Any]] = {
    "type": "http",
    "method": "GET",
    "path": "/healthz",
    "headers": [],
}


class Watchdog:
    """Asks the front of its own process, as a client would, through the loop and a thread.

    `deaf_s`: seconds without an answer after which the process ends, by `end`.
    """

    def __init__(
        self,
        front: Callable[..., Awaitable[None]],
        deaf_s: float,
        end: Callable[[int], object] = os._exit,
    ) -> None:
        self._front, self._deaf_s, self._end = front, deaf_s, end
        self._stopped = threading.Event()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to ask, in a thread of its own."""
        self._stopped.clear()
        threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """The process ends by itself."""
        self._stopped.set()

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.wait(min(LOOK_S, self._deaf_s)):
            asked = asyncio.run_coroutine_threadsafe(self._ask(), loop)
            try:
                asked.result(self._deaf_s)
            except DeafError:
                if not self._stopped.is_set():
                    log.error("process_deaf", seconds=self._deaf_s)
                    self._end(EXIT_CODE)
                return

    async def _ask(self) -> None:
        await self._front(dict(HEALTHZ), _nothing, _taken)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def _taken(_message: dict[str, Any]) -> None:
    return
