"""A service with all that watches it, and how a fault is seen."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from tests.fixtures.running import RunningService, wait_until
from tests.production.lab.cluster import PostgresCluster
from tests.production.lab.prometheus import Prometheus
from tests.production.part import Trial
from tests.production.watching.front import WatchedFront
from tests.production.watching.machine import BreakableArchive, WatchedMachine
from tests.proofs.seen import Seen
from tools.child import Child

FIRES_WITHIN_S: Final = 300.0


@dataclass
class Watched:
    """The service, what runs beside it, and its Prometheus."""

    running: RunningService
    replica: PostgresCluster
    archive: BreakableArchive
    machine: WatchedMachine
    front: WatchedFront
    auditor: Child
    sealer: Child
    prometheus: Prometheus
    trial: Trial

    def fires(self, what: str, alert: str, beside: set[str], at_rest: set[str]) -> Seen:
        """After a fault: how long until its alert fires, and what else does."""
        self.machine.copied()
        self.trial.tell(f"{what}: waiting for {alert}")
        began, others = time.monotonic(), set[str]()

        def is_firing() -> bool:
            others.update(self.prometheus.firing())
            return alert in others

        wait_until(is_firing, f"{alert} fires: {others}", FIRES_WITHIN_S)
        wrong = others - beside - at_rest - {alert}
        seen = f"{alert} after {time.monotonic() - began:.0f} s"
        if wrong:
            seen += f", and without reason {', '.join(sorted(wrong))}"
        return Seen("each fault wakes somebody for its reason", what, seen, ok=not wrong)

    def rests(self, at_rest: set[str]) -> None:
        """Until nothing fires any more that should not."""
        self.machine.copied()
        try:
            wait_until(lambda: self.prometheus.firing() <= at_rest, "rest", FIRES_WITHIN_S)
        except AssertionError as error:
            raise AssertionError(f"still firing: {self.prometheus.firing() - at_rest}") from error

    def begins(
        self, what: str, alert: str, fault: Callable[[], object], mend: Callable[[], object]
    ) -> Seen:
        """Of an alert that waits for minutes: it begins with a fault, and ends with it."""
        self.machine.copied()
        begun = partial(self.prometheus.ask, f'ALERTS{{alertname="{alert}"}}')
        wait_until(lambda: not begun(), f"{alert} is not there without a fault")
        self.trial.tell(f"{what}: waiting for {alert}")
        began = time.monotonic()
        fault()
        wait_until(begun, f"{alert} begins", FIRES_WITHIN_S)
        seen = f"{alert} begun after {time.monotonic() - began:.0f} s"
        mend()
        wait_until(lambda: not begun(), f"{alert} has ended", FIRES_WITHIN_S)
        return Seen("each fault begins its alert, which ends with it", what, seen, ok=True)


def freeze(child: Child) -> None:
    """It stands still, and is there."""
    os.killpg(child.process.pid, signal.SIGSTOP)  # type: ignore[union-attr] # it runs


def thaw(child: Child) -> None:
    """It goes on."""
    os.killpg(child.process.pid, signal.SIGCONT)  # type: ignore[union-attr] # it runs
