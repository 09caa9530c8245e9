"""What goes on beside a block, and ends with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread


@contextmanager
def beside(*works: Callable[[Event], object]) -> Iterator[None]:
    """Each of these in a thread of its own, for the length of a block; at its end the event that
    they are given is set, and they are waited for.
    """
    stopping = Event()
    threads = [Thread(target=work, args=(stopping,), daemon=True) for work in works]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()
