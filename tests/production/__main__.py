"""`make prove-production`: what production promises, tried with the real programs; one table.

    python -m tests.production [--minutes N] [--seed S] [--only WORD]

As root, on Debian, what is missing is installed; else a part says what it needs. Each run appends
its lines to `var/production/table.md`. Ends with status 1 when a claim does not hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from migrations.upgrade import PROJECT
from tests.production.packages import MissingPackagesError
from tests.production.part import Part, Trial
from tests.production.parts import all_parts
from tests.production.table import append
from tests.proofs.apart import everything_else_to
from tests.proofs.quiet_logs import quiet_logs
from tests.proofs.seen import WORDS, Seen, show, try_all


def main(arguments: Sequence[str]) -> int:
    """Run the parts; 0 when every claim held."""
    parser = argparse.ArgumentParser(prog="prove-production")
    parser.add_argument("--minutes", type=float, default=5.0, help="length of what is random")
    parser.add_argument(
        "--seed", type=int, default=20_261, help="what is tried, and in which order"
    )
    parser.add_argument("--only", default="", help="parts whose name holds this word")
    wanted = parser.parse_args(arguments)
    parts = [part for part in all_parts() if wanted.only in part.name]
    if not parts:
        parser.error(f"no part of the proof is called {wanted.only!r}")
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="interlude-production-"))
    # The databases run as accounts of their own.
    folder.chmod(0o711)
    good = False
    try:
        with everything_else_to(folder / "log") as terminal:
            seen = _prove(parts, folder, wanted, terminal)
            seen.append(quiet_logs(folder / "log"))
            good = all(one.ok is not False for one in seen)
            show(seen, "Production: what was claimed and what was seen", terminal)
            append(seen, wanted.seed, wanted.minutes)
            if not good:
                terminal.write(f"what the processes wrote: {folder}\n")
    finally:
        if good:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


def _prove(
    parts: Sequence[Part], folder: Path, wanted: argparse.Namespace, terminal: TextIO
) -> list[Seen]:
    seen: list[Seen] = []
    columns = (TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn())
    console = Console(file=terminal)
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bar = progress.add_task("production", total=len(parts))
        for part in parts:
            own = folder / part.name.replace(" ", "-")
            own.mkdir(mode=0o711)

            def tell(line: str, name: str = part.name) -> None:
                progress.update(bar, description=f"{name}: {line}")
                if not console.is_terminal:
                    console.print(f"{name}: {line}", highlight=False, markup=False)

            trial = Trial(own, wanted.minutes, wanted.seed, tell)
            found = try_all(part.name, partial(_run, part, trial))
            seen += found
            progress.advance(bar)
            words = ", ".join(sorted({WORDS[one.ok] for one in found}))
            console.print(f"{part.name}: {words}", highlight=False, markup=False)
    return seen


def _run(part: Part, trial: Trial) -> Iterator[Seen]:
    """One part; what cannot be tried here is said."""
    try:
        yield from part.run(trial)
    except MissingPackagesError as missing:
        yield Seen(part.name, "", str(missing), ok=None)


if __name__ == "__main__":
    os.chdir(PROJECT)
    sys.exit(main(sys.argv[1:]))
