"""Random histories entered over HTTP; the report on each against the oracle.

    python -m tests.proofs.oracle_histories 61 --seed 7

prints how many agree and, of each that does not, what differs and what was entered. Each core lives
its share of them; they share a database and nothing else.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

from flask import Flask
from rich.console import Console
from rich.progress import track

from api.embedded.urls import DatabaseUrls
from tests.builders.oracle.compared import Compared, compare
from tests.proofs.apart import app_on, everything_else_to, new_database
from tests.proofs.seen import Seen, verdict


@dataclass(frozen=True)
class Asked:
    """Histories from the one numbered `first` on, `abroad` of them in several zones."""

    histories: int
    seed: int
    first: int = 0
    abroad: float = 0.3


def compare_many(asked: Asked, folder: Path) -> Iterator[Compared]:
    """In their order, on a database of their own."""
    numbers = range(asked.first, asked.first + asked.histories)
    seeds = [f"{asked.seed}-{number}" for number in numbers]
    with (
        new_database(folder) as urls,
        ProcessPoolExecutor(
            min(len(seeds), os.cpu_count() or 1), get_context("spawn"), _open, (urls, folder)
        ) as pool,
    ):
        yield from pool.map(_compare, seeds, repeat(asked.abroad))


# Of one worker: its application.
_apps: list[Flask] = []


def _open(urls: DatabaseUrls, folder: Path) -> None:
    _apps.append(app_on(urls, folder))


def _compare(seed: str, abroad: float) -> Compared:
    try:
        return compare(_apps[0], seed, abroad)
    except AssertionError as refused:
        traceback.print_exc()
        return Compared(seed, [], [f"not to be entered: {refused}"])


def histories_agree(histories: int, seed: int) -> Iterator[Seen]:
    """A line of the table of `make prove`."""
    with tempfile.TemporaryDirectory(prefix="interlude-oracle-") as folder:
        found = list(compare_many(Asked(histories, seed), Path(folder)))
    against = [f"{one.seed}: {line}" for one in found for line in one.against]
    agree = sum(not one.against for one in found)
    claim = "the trend report says what an oracle written from the text says"
    yield verdict(claim, f"{histories} histories", f"{agree} agree on every figure", against)


def main(arguments: Sequence[str]) -> int:
    """0 when all agree."""
    parser = argparse.ArgumentParser(prog="oracle_histories")
    parser.add_argument("histories", type=int, nargs="?", default=61)
    parser.add_argument("--seed", type=int, default=61)
    parser.add_argument("--first", type=int, default=0, help="the number of the first of them")
    parser.add_argument("--abroad", type=float, default=0.3, help="share with several zones")
    parser.add_argument("--entered", action="store_true", help="print what was entered as well")
    chosen = parser.parse_args(arguments)
    asked = Asked(chosen.histories, chosen.seed, chosen.first, chosen.abroad)
    with tempfile.TemporaryDirectory(prefix="interlude-oracle-") as name:
        folder = Path(name)
        with everything_else_to(folder / "log") as terminal:
            return _print(asked, folder, terminal, entered=chosen.entered)


def _print(asked: Asked, folder: Path, terminal: TextIO, *, entered: bool) -> int:
    console = Console(file=terminal, width=None if terminal.isatty() else 200, highlight=False)
    agree = 0
    living = compare_many(asked, folder)
    for one in track(living, "histories", asked.histories, console=console):
        agree += not one.against
        lines = [f"{one.seed}: {line}" for line in one.against]
        lines += one.entered if one.against and entered else []
        console.print(*lines, sep="\n", end="\n" if lines else "", markup=False)
    console.print(f"{agree} of {asked.histories} agree (seed {asked.seed})")
    return 0 if agree == asked.histories else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
