"""The suite at other hours: `make hours` runs all tests with the system's clock moved.

A gate once refused a right change because it ran at 23:33 UTC, when it is another day in Paris.
The clock of all processes, PostgreSQL's among them, is moved by libfaketime (Debian's package).
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console

from services.clock import utcnow

# Other days in UTC and in a clinic's zone, before and after 04:00 there, a night on which clocks
# change, the last day of a year.
INSTANTS: Final = (
    datetime(2027, 3, 28, 0, 45, tzinfo=UTC),
    datetime(2027, 10, 31, 2, 30, tzinfo=UTC),
    datetime(2027, 12, 31, 23, 20, tzinfo=UTC),
)
PLACES: Final = ("/usr/lib", "/usr/local/lib")
OUT: Final = Console(highlight=False)


def main(asked: Sequence[str]) -> int:
    """Run the tests (all, or those of the paths in `asked`) at each instant; 1 when one fails."""
    found = [path for place in PLACES for path in Path(place).rglob("libfaketime.so.1")]
    library = os.environ.get("FAKETIME_LIBRARY") or next(map(str, found), None)
    if library is None:
        OUT.print("libfaketime is missing: apt-get install libfaketime")
        return 2
    results = {at: run_tests(library, at, asked) for at in INSTANTS}
    for at, code in results.items():
        OUT.print(f"{at:%Y-%m-%d %H:%M} UTC  {'green' if code == 0 else 'RED'}")
    return int(any(results.values()))


def run_tests(library: str, at: datetime, asked: Sequence[str]) -> int:
    """pytest's exit code with the clock at `at`; clocks that only measure spans are left alone."""
    OUT.print(f"== {at:%Y-%m-%d %H:%M} UTC")
    moved = {
        "LD_PRELOAD": library,
        "FAKETIME": f"{round((at - utcnow()).total_seconds()):+d}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-n", "2", "--dist", "loadgroup", *asked]
    return subprocess.run(command, env=os.environ | moved, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
