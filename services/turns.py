"""Costly work, such as hashing and drawing, has few places and a short queue in each process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Final

from services.exceptions import Unavailable

# Working and waiting, in one process: a third request of one account is sent away.
OF_ONE_ACCOUNT: Final = 2


class Turns:
    """So many work at once and so many wait, in order not to take every thread; the rest are told
    to come back. `waiting` None: whoever comes waits, however many they are.
    """

    def __init__(self, at_once: int, waiting: int | None) -> None:
        self.places = BoundedSemaphore(at_once)
        self._most = None if waiting is None else at_once + waiting
        self._inside: Counter[Hashable] = Counter()
        self._counting = Lock()

    @contextmanager
    def turn(self, whose: Hashable = None, *, may_wait: bool = True) -> Iterator[None]:
        """A place for the length of a block; `whose`: the account that the work is for, if one is
        known. Raises `Unavailable` when the queue is full, or has two of this account.
        """
        self._enter(whose)
        try:
            if not self.places.acquire(blocking=may_wait):
                raise Unavailable
            try:
                yield
            finally:
                self.places.release()
        finally:
            self._leave(whose)

    def _enter(self, whose: Hashable) -> None:
        with self._counting:
            is_full = self._most is not None and self._inside.total() >= self._most
            if is_full or (whose is not None and self._inside[whose] >= OF_ONE_ACCOUNT):
                raise Unavailable
            self._inside[whose] += 1

    def _leave(self, whose: Hashable) -> None:
        with self._counting:
            self._inside[whose] -= 1
            if not self._inside[whose]:
                del self._inside[whose]


# A report takes a core for 0.1 to 2 s. With those of `passwords` fewer than a process has threads.
DRAWING: Final = Turns(at_once=1, waiting=2)
