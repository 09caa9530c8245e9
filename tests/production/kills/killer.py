"""SIGKILL for one process after the other, as fast as the service comes back."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from tests.fixtures.running import wait_until
from tests.production.kills.service import KilledService
from tests.production.lab.cluster import PostgresCluster

BACKEND: Final = "backend of PostgreSQL"
POSTMASTER: Final = "postmaster"
# How often each is chosen, of those that are at work.
KINDS: Final = {
    "web": 6,
    "worker": 4,
    "auditor": 2,
    "sealer": 1,
    BACKEND: 3,
    POSTMASTER: 1,
}
OF_THE_SERVICE: Final = """
SELECT pid FROM pg_stat_activity
WHERE usename LIKE 'interlude%%' AND backend_type = 'client backend'
"""
BACK_WITHIN_S: Final = 120.0


@dataclass
class Killer:
    """`kills` counts SIGKILLs by kind. `answers`: how many phones were told to be stored so far."""

    service: KilledService
    cluster: PostgresCluster
    answers: Callable[[], int]
    dice: random.Random
    kills: Counter[str] = field(default_factory=Counter)

    def go_on(self, until: float) -> None:
        """Until that instant (monotonic seconds). From a thread that lives on: PostgreSQL is
        started in it.

        The next kill comes once a check-in has been accepted since the last: the service works
        between any two, and is never given time to rest. Raises `AssertionError` when it does not
        come back.
        """
        while time.monotonic() < until:
            taken = self.answers()
            self._kill_somebody()
            wait_until(partial(self._takes_more, taken), "an answer is taken again", BACK_WITHIN_S)

    def _takes_more(self, taken: int) -> bool:
        return self.answers() > taken

    def _kill_somebody(self) -> None:
        at_work = self.service.at_work()
        weights = [
            weight if kind in (BACKEND, POSTMASTER) or _of(kind, at_work) else 0
            for kind, weight in KINDS.items()
        ]
        (kind,) = self.dice.choices(list(KINDS), weights)
        if kind == POSTMASTER:
            self.cluster.kill_postmaster()
            self.cluster.start_again()
        elif not _kill(self.dice.choice(self._processes(kind, at_work))):
            return
        self.kills[kind] += 1

    def _processes(self, kind: str, at_work: dict[str, int]) -> list[int]:
        if kind != BACKEND:
            return _of(kind, at_work)
        return [row.pid for row in self.service.rows(OF_THE_SERVICE)] or [0]


def _of(kind: str, at_work: dict[str, int]) -> list[int]:
    return [pid for name, pid in at_work.items() if name.partition(" ")[0] == kind]


def _kill(pid: int) -> bool:
    """Whether it was there."""
    with suppress(ProcessLookupError):
        if pid:
            os.kill(pid, signal.SIGKILL)
            return True
    return False
