"""A web process that hangs is ended by a real systemd, and another takes its place.

The lines of its unit and the watchdog are those that ship; what it answers is nothing.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Final

from api.front.watchdog import signs_of_life
from migrations.upgrade import PROJECT
from tests.deploy.reading import DEPLOY, values
from tests.fixtures.running import wait_until
from tests.production.units.manager import systemd
from tests.proofs.seen import Seen, verdict

UNIT: Final = DEPLOY / "systemd" / "interlude-web@.service"
# The wait for word, and a start on a machine that is busy.
NEXT_WITHIN_S: Final = 60.0
OF_ITS_END: Final = ("Type", "NotifyAccess", "WatchdogSec", "WatchdogSignal", "Restart")
# It works in a child, as the server's processes do, and each begins by leaving word in a file. The
# first one stops all of itself once systemd knows that it is at work.
PROGRAM: Final = """
import asyncio, os, signal, sys, time
from pathlib import Path
from api.front.watchdog import LOOK_S, Watchdog

async def front(*_words):
    pass

async def live():
    folder = Path(sys.argv[1])
    with (folder / "starts").open("a") as starts:
        starts.write(f"{time.monotonic()}\\n")
    is_first = len((folder / "starts").read_text().splitlines()) == 1
    Watchdog(front, 10.0, folder).start(asyncio.get_running_loop())
    if is_first:
        await asyncio.sleep(3 * LOOK_S)
        (folder / "hung").write_text(f"{time.monotonic()}")
        os.killpg(0, signal.SIGSTOP)
    await asyncio.sleep(3600)

if os.fork():
    os.wait()
else:
    asyncio.run(live())
"""


def hanging(folder: Path) -> Seen:
    """The first one hangs; the second one works for longer than systemd waits for word."""
    (watchdog_s,) = map(float, values(UNIT, "WatchdogSec"))
    program = folder / "program.py"
    program.write_text(PROGRAM)
    lines = [f"{line}={value}" for line in OF_ITS_END for value in values(UNIT, line)]
    start = f"ExecStart={sys.executable} {program} {folder}"
    where = f"Environment=PYTHONPATH={PROJECT}"
    unit = "\n".join(["[Service]", *lines, where, start, ""])
    with systemd(folder / "manager", {"web.service": unit}, ("web.service",)):
        wait_until(lambda: len(_times(folder / "starts")) > 1, "another one is there", 120.0)
        due = _times(folder / "starts")[1] + 1.5 * watchdog_s
        # A sign bears the clock of the day for a moment.
        wait_until(lambda: due < _answered_at(folder) <= time.monotonic(), "it works", 120.0)
    starts, (hung_at,) = _times(folder / "starts"), _times(folder / "hung")
    after_s = starts[1] - hung_at
    return verdict(
        "a web process that hangs is ended by systemd; one that works is not",
        f"1 that hangs, 1 that works for {1.5 * watchdog_s:g} s",
        f"the next one began {after_s:.1f} s after it hung",
        [f"{len(starts)} starts"] * (len(starts) != 2)
        + [f"after {after_s:.1f} s"] * (after_s > NEXT_WITHIN_S),
    )


def _answered_at(folder: Path) -> float:
    """When one of them last answered, by the signs of life that they leave."""
    return max(sign.stat().st_mtime for sign in signs_of_life(folder).iterdir())


def _times(file: Path) -> list[float]:
    return [float(line) for line in file.read_text().splitlines()] if file.exists() else []
