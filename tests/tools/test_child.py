"""A part of `make run` that crashes is started again, visibly; a stopped one leaves nothing."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from tools.child import Child

PATIENCE_S = 20.0


def child(code: str, lines: list[str]) -> Child:
    return Child("part", [sys.executable, "-c", code], os.environ, lines.append)


def watch_until(part: Child, lines: list[str], words: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not any(words in line for line in lines):
        assert time.monotonic() < deadline, lines
        part.watch()
        os.sched_yield()


def wait_for_file(path: Path) -> str:
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        os.sched_yield()
    return path.read_text()


def test_a_crashed_part_is_started_again_and_the_reason_is_printed():
    lines: list[str] = []
    part = child("raise SystemExit(3)", lines)
    part.start()
    watch_until(part, lines, "ENDED with exit code 3; next start in 0.5 s")
    watch_until(part, lines, "starting again")
    watch_until(part, lines, "next start in 1 s")
    part.stop()


def test_a_killed_part_is_started_again():
    lines: list[str] = []
    part = child("import time; time.sleep(60)", lines)
    part.start()
    assert part.process is not None
    os.kill(part.process.pid, signal.SIGKILL)
    watch_until(part, lines, "ENDED by signal SIGKILL")
    watch_until(part, lines, "starting again")
    assert part.process.poll() is None
    part.stop()


def test_stopping_ends_what_the_part_started_too(tmp_path: Path):
    pid_file = tmp_path / "pid"
    code = (
        "import subprocess, sys, time, pathlib;"
        "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"pathlib.Path({str(pid_file)!r}).write_text(str(p.pid)); time.sleep(60)"
    )
    part = child(code, [])
    part.start()
    grandchild = psutil.Process(int(wait_for_file(pid_file)))
    part.stop()
    gone, alive = psutil.wait_procs([grandchild], PATIENCE_S)
    assert (len(gone), alive) == (1, [])


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's signal is Linux's own")
def test_a_part_ends_when_its_supervisor_is_killed(tmp_path: Path):
    pid_file = tmp_path / "pid"
    grandchild_code = (
        f"import os, time, pathlib; pathlib.Path({str(pid_file)!r}).write_text(str(os.getpid()));"
        "time.sleep(60)"
    )
    supervisor_code = (
        "import os, sys, time; from tools.child import Child;"
        f"Child('x', [sys.executable, '-c', {grandchild_code!r}], os.environ, print).start();"
        "time.sleep(60)"
    )
    supervisor = child(supervisor_code, [])
    supervisor.start()
    orphan = psutil.Process(int(wait_for_file(pid_file)))
    assert supervisor.process is not None
    os.kill(supervisor.process.pid, signal.SIGKILL)
    gone, alive = psutil.wait_procs([orphan], PATIENCE_S)
    assert (len(gone), alive) == (1, [])
    supervisor.stop()
