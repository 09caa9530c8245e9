"""One long-running part of `make run`: started, watched, started again, stopped with its group."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from api.embedded.account import RunAs

FIRST_PAUSE_S = 0.5
LONGEST_PAUSE_S = 15.0
# A part that ran this long had started well: its next crash begins with a short pause again.
SETTLED_S = 30.0
PATIENCE_S = 10.0


@dataclass
class Child:
    """A command in a process group of its own, so that Ctrl-C reaches the supervisor alone.

    `run_as`: another account than this process's own.
    """

    name: str
    command: Sequence[str]
    environ: Mapping[str, str]
    report_line: Callable[[str], None]
    run_as: RunAs = field(default_factory=RunAs)
    process: subprocess.Popen[bytes] | None = None
    _pause_s: float = FIRST_PAUSE_S
    _started_at: float = 0.0
    _due_at: float | None = field(default=None)

    def start(self) -> None:
        """Start it, tied to this process."""
        tied = [sys.executable, "-m", "tools.tied", str(os.getpid()), *self.command]
        self.process = subprocess.Popen(  # noqa: S603 -- our own commands
            tied, env=dict(self.environ), stdin=subprocess.DEVNULL, process_group=0, **self.run_as
        )
        self._started_at, self._due_at = time.monotonic(), None

    def watch(self) -> None:
        """notice an end, report it, and start again when the pause is over; call it often."""
        if self._due_at is not None:
            if time.monotonic() >= self._due_at:
                self.report_line(f"{self.name}: starting again")
                self.start()
        elif self.process is not None and self.process.poll() is not None:
            self._plan_restart(self.process.returncode)

    def stop(self) -> None:
        """Ask the whole group to end, then make it."""
        if self.process is None:
            return
        self._signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(PATIENCE_S)
        # Also after a clean end: whatever the part itself left behind.
        self._signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End the whole group at once, as a power cut would: no step of it is finished."""
        if self.process is not None:
            self._signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def end_group(self) -> None:
        """SIGKILL for the group; `watch` sees the end and starts it again."""
        self._signal(signal.SIGKILL)

    def _plan_restart(self, code: int) -> None:
        self._signal(signal.SIGKILL)
        if time.monotonic() - self._started_at > SETTLED_S:
            self._pause_s = FIRST_PAUSE_S
        how = f"by signal {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
        self.report_line(f"{self.name}: ENDED {how}; next start in {self._pause_s:g} s")
        self._due_at = time.monotonic() + self._pause_s
        self._pause_s = min(2 * self._pause_s, LONGEST_PAUSE_S)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, number)
