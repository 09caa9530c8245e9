"""`make prove`: what the issues ask to show, at full size, against running processes; one table.

    python -m tests.proofs [--only WORD]

Other seeds than the gate's. `INTERLUDE_NHANES` names the file of real forms; it stays outside
the repository. Ends with status 1 when a claim does not hold.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TextIO

from migrations.upgrade import PROJECT
from tests.fixtures.running import service_on
from tests.proofs.apart import everything_else_to, new_database
from tests.proofs.full_sizes import Proof, full_sizes
from tests.proofs.quiet_logs import quiet_logs
from tests.proofs.seen import WORDS, Seen, show, try_all


def main(arguments: Sequence[str]) -> int:
    """Run the proofs; 0 when every claim held."""
    parser = argparse.ArgumentParser(prog="prove")
    parser.add_argument("--only", default="", help="proofs whose name holds this word")
    only = parser.parse_args(arguments).only
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    folder = Path(tempfile.mkdtemp(prefix="interlude-prove-"))
    log = folder / "log"
    good = False
    try:
        with everything_else_to(log) as terminal:
            seen = _prove([proof for proof in full_sizes() if only in proof.name], folder, terminal)
            seen.append(quiet_logs(log))
            good = all(one.ok is not False for one in seen)
            _show(seen, terminal)
            if not good:
                terminal.write(f"what the processes wrote: {log}\n")
    finally:
        if good:
            shutil.rmtree(folder, ignore_errors=True)
    return 0 if good else 1


def _prove(proofs: Sequence[Proof], folder: Path, terminal: TextIO) -> list[Seen]:
    seen: list[Seen] = []
    with new_database(folder) as urls, service_on(urls, folder / "data") as running:
        for number, proof in enumerate(proofs, start=1):
            terminal.write(f"[{number}/{len(proofs)}] {proof.name} ... ")
            terminal.flush()
            began = time.monotonic()
            running.mail.reset()
            running.webhook.reset()
            found = try_all(proof.name, partial(proof.run, running))
            seen += found
            words = ", ".join(sorted({WORDS[one.ok] for one in found}))
            terminal.write(f"{words} ({time.monotonic() - began:.0f} s)\n")
    return seen


def _show(seen: Sequence[Seen], terminal: TextIO) -> None:
    show(seen, "What was claimed and what was seen", terminal)
    for one in seen:
        terminal.write(f"{WORDS[one.ok]:>6} | {one.claim} | {one.size} | {one.seen}\n")


if __name__ == "__main__":
    os.chdir(PROJECT)
    sys.exit(main(sys.argv[1:]))
