"""What a story saw on its way: `make prove` prints it in its table, a test run says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

_seen: list[str] = []


def saw(words: str) -> None:
    """Keep a figure or a phrase of the story that is being told."""
    _seen.append(words)


@contextmanager
def watching() -> Iterator[list[str]]:
    """What is seen within the block, in order."""
    _seen.clear()
    yield _seen
