"""One part of the proof of production, and what it is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.proofs.seen import Seen


@dataclass(frozen=True, slots=True)
class Trial:
    """What a part works with.

    `folder` is its own, empty, open for passing to other accounts. `minutes` is how long what is
    done at random may go on; equal `seed`s try the same things in the same order. `tell` shows
    whoever waits how far it is.
    """

    folder: Path
    minutes: float
    seed: int
    tell: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Part:
    """A name, for `--only` and the progress lines, and what gives lines of the table."""

    name: str
    run: Callable[[Trial], Iterable[Seen]]
