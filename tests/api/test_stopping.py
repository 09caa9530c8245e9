"""Many signals at once stop a process; a handler that set the event itself waited for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from contextlib import suppress

PROCESS = """
import signal, sys, threading
from api.stopping import stop_on_signals
stopping = threading.Event()
stop_on_signals(stopping, signal.SIGTERM, signal.SIGINT)
print("ready", flush=True)
while not stopping.wait(0.00001):
    pass
sys.exit(3)
"""


def test_a_burst_of_signals_stops_a_process() -> None:
    process = subprocess.Popen([sys.executable, "-c", PROCESS], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        for _ in range(500):
            with suppress(ProcessLookupError):
                process.terminate()
        # While the interpreter ends, its handlers are gone: a late signal ends it at once.
        assert process.wait(30) in (3, -signal.SIGTERM)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
