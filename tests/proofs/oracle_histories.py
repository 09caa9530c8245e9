"""Random histories entered over HTTP; the report on each against the oracle.

    python -m tests.proofs.oracle_histories 61 --seed 7

prints how many agree and, of each that does not, what differs and what was entered.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from flask import Flask

from tests.builders.oracle.compared import Compared, compare
from tests.proofs.apart import everything_else_to, own_app
from tests.proofs.seen import Seen, verdict


def compare_many(
    app: Flask, histories: int, seed: int, first: int = 0, abroad: float = 0.3
) -> Iterator[Compared]:
    """One after the other, from the one of this number on."""
    for number in range(first, first + histories):
        yield compare(app, f"{seed}-{number}", abroad)


def histories_agree(histories: int, seed: int) -> Iterator[Seen]:
    """A line of the table of `make prove`, on a database of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="interlude-oracle-") as folder,
        own_app(Path(folder)) as app,
    ):
        found = list(compare_many(app, histories, seed))
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
    agree = 0
    with tempfile.TemporaryDirectory(prefix="interlude-oracle-") as name:
        folder = Path(name)
        with everything_else_to(folder / "log") as terminal, own_app(folder) as app:
            compared = partial(compare_many, app, chosen.histories, chosen.seed)
            for one in compared(chosen.first, chosen.abroad):
                agree += not one.against
                lines = [f"{one.seed}: {line}" for line in one.against]
                lines += one.entered if one.against and chosen.entered else []
                terminal.writelines(f"{line}\n" for line in lines)
            terminal.write(f"{agree} of {chosen.histories} agree (seed {chosen.seed})\n")
    return 0 if agree == chosen.histories else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
