"""How the work of a pure function grows with what it is given: a ratio, never a time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

# Four times the size is four times the work, and sixteen times when it starts over and over.
TOO_MUCH: Final = 9
TRIES: Final = 8


def grows_evenly(work: Callable[[int], object], size: int) -> bool:
    """Is the work of four times the size about four times the work?

    What this thread computes counts, and of several tries the least: a busy machine, other threads
    and the collector only ever add.
    """
    least = {size: float("inf"), 4 * size: float("inf")}
    for _ in range(TRIES):
        for n in least:
            started = time.thread_time()
            work(n)
            least[n] = min(least[n], time.thread_time() - started)
        if least[4 * size] < TOO_MUCH * least[size]:
            return True
    return False
