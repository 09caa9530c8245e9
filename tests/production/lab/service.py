"""The service as it ships: two web processes, two workers, the auditor, on any database."""

from __future__ import annotations

import time
from typing import Any

import psycopg

from tests.fixtures.running import BIN, QUICK, RunningService
from tools.child import Child

AUDITS_EVERY_S = 10
WORKERS = 2


class ShippedService(RunningService):
    """With the pace that it ships with; the stories of the gate run a quicker one."""

    # So long whoever asks the database waits for one that takes connections.
    database_within_s = 15.0

    def environ(self) -> dict[str, str]:
        hurried = {f"INTERLUDE_{name}" for name in QUICK}
        return {name: value for name, value in super().environ().items() if name not in hurried}

    def start(self) -> None:
        """All that a machine of the service runs."""
        super().start()
        for _ in range(WORKERS - 1):
            self.start_worker()
        words = [str(BIN / "flask"), "--app", "wsgi", "alerts", "audit"]
        auditor = Child("auditor", [*words, "--every", str(AUDITS_EVERY_S)], self.environ(), print)
        auditor.start()
        self.children.append(auditor)

    def rows(self, query: str, *values: Any) -> list[Any]:
        """As it is told there, on a new connection when a failover has cut it, and once the door
        has found the primary.
        """
        deadline = time.monotonic() + self.database_within_s
        while True:
            try:
                return super().rows(query, *values)
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def ended(self) -> list[str]:
        """The names of those that should run and do not: a lost database is no reason to end."""
        every = [self._api, *self.children]
        return [one.name for one in every if one.process is None or one.process.poll() is not None]
