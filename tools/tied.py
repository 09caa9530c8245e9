"""Run a command that ends when its supervisor ends, even when that was killed.

`python -m tools.tied PID COMMAND …`; on Linux the kernel sends SIGTERM, elsewhere the command is
only started.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main(supervisor: int, command: list[str]) -> None:
    """Ask for the signal, then become the command."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != supervisor:
        sys.exit("the supervisor is gone")
    os.execv(command[0], command)  # noqa: S606 -- the supervisor's own words, no shell


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
