"""A process that does not answer `/healthz` ends, so that its server puts another in its place.

Each process asks itself, for no other can: all of them listen on one address. A process that is
too deaf even for that leaves an old sign of life, and the supervisor ends it (`deaf_processes`), or
no word to systemd, which does the same (`WatchdogSec` of its unit).
The database has its signs too: when no process leaves one, patients cannot answer.
"""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import TimeoutError as DeafError
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import structlog

log = structlog.get_logger()

LOOK_S: Final = 2.0
ALIVE_EVERY_S: Final = 30.0
EXIT_CODE: Final = 70
# What systemd understands: it is at work, and is so still (sd_notify(3)).
WELL: Final = b"READY=1\nWATCHDOG=1"
HEALTHZ: Final[dict[str, Any]] = {
    "type": "http",
    "method": "GET",
    "path": "/healthz",
    "headers": [],
}


def signs_of_life(data_dir: Path) -> Path:
    """The folder with a file for each process, named by its id, touched whenever it answered."""
    return data_dir / "alive"


def deaf_processes(data_dir: Path, deaf_s: float, now_s: float) -> Iterator[int]:
    """Ids of the processes whose last answer is older than twice `deaf_s`; their signs are gone.

    `now_s`: `time.monotonic()`, as in the signs: a clock that is set makes nobody deaf.
    """
    for sign in signs_of_life(data_dir).glob("[0-9]*"):
        with suppress(FileNotFoundError):
            if now_s - sign.stat().st_mtime > 2 * deaf_s:
                sign.unlink()
                yield int(sign.name)


def say_well() -> None:
    """To systemd, where it started this process and asks for that; never waits."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if address.startswith("@"):
        address = "\0" + address[1:]
    if address:
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto(WELL, address)


class Watchdog:
    """Asks the front of its own process, as a client would, through the loop and a thread.

    `deaf_s`: seconds without an answer after which the process ends, by `end`. `data_dir` takes
    the signs of life; `alive` leaves one in the database.
    """

    def __init__(
        self,
        front: Callable[..., Awaitable[None]],
        deaf_s: float,
        data_dir: Path,
        end: Callable[[int], object] = os._exit,
        alive: Callable[[], object] = bool,
        alive_every_s: float = ALIVE_EVERY_S,
    ) -> None:
        self._front, self._deaf_s, self._end = front, deaf_s, end
        self._alive, self._alive_every_s = alive, alive_every_s
        self._sign = signs_of_life(data_dir) / str(os.getpid())
        self._stopped = threading.Event()

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to ask, in a thread of its own."""
        self._stopped.clear()
        threading.Thread(target=self._watch, args=(loop,), name="watchdog", daemon=True).start()
        # Of its own: a database that hangs makes no process deaf.
        threading.Thread(target=self._live, name="alive", daemon=True).start()

    def stop(self) -> None:
        """The process ends by itself."""
        self._stopped.set()
        self._sign.unlink(missing_ok=True)

    def _watch(self, loop: asyncio.AbstractEventLoop) -> None:
        while not self._stopped.wait(min(LOOK_S, self._deaf_s)):
            asked = asyncio.run_coroutine_threadsafe(self._ask(), loop)
            try:
                asked.result(self._deaf_s)
            except DeafError:
                if not self._stopped.is_set():
                    log.error("process_deaf", seconds=self._deaf_s)
                    # Another one takes its place, and needs the time that systemd gives.
                    say_well()
                    self._end(EXIT_CODE)
                return
            say_well()
            # A full disk is no reason to end.
            with suppress(OSError):
                self._sign.parent.mkdir(parents=True, exist_ok=True)
                self._sign.touch()
                os.utime(self._sign, (time.monotonic(),) * 2)

    def _live(self) -> None:
        while not self._stopped.is_set():
            try:
                self._alive()
            except Exception as error:  # noqa: BLE001 -- whatever it was, the next one may be left
                log.warning("no_sign_of_life", kind=type(error).__name__)
            self._stopped.wait(self._alive_every_s)

    async def _ask(self) -> None:
        await self._front(dict(HEALTHZ), _nothing, _taken)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.disconnect"}


async def _taken(_message: dict[str, Any]) -> None:
    return
