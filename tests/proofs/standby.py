"""Reports from a real standby, on a server that no other test uses."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Final

from tests.fixtures.running import RunningService
from tests.proofs.seen import Seen

CLAIM: Final = "reports from a standby: paused, cut, killed, promoted, late; read and recorded once"


def reports_from_a_standby(_running: RunningService) -> Iterator[Seen]:
    """The tests of the replica, which the gate leaves out."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/services/replica"],
        env=os.environ | {"INTERLUDE_PROVE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    last = done.stdout.strip().rpartition("\n")[2]
    yield Seen(
        CLAIM, "tests/services/replica", last, done.returncode == 0 and " skipped" not in last
    )
