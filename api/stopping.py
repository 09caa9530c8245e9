"""A signal asks a process to stop; the process finishes what it has in hand."""

from __future__ import annotations

import signal
from queue import SimpleQueue
from threading import Event, Thread


def stop_on_signals(stopping: Event, *numbers: signal.Signals) -> None:
    """Set `stopping` when one of these signals comes; call it in the main thread.

    A handler may interrupt the main thread inside the lock of the very event: setting it there
    waits for ever (a second Ctrl-C did). A `SimpleQueue` may be put into from a handler.
    """
    asked: SimpleQueue[int] = SimpleQueue()

    def wait() -> None:
        asked.get()
        stopping.set()

    for number in numbers:
        signal.signal(number, lambda number, _frame: asked.put(number))
    Thread(target=wait, name="signals", daemon=True).start()
