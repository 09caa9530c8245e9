"""The table of `make prove-production`, kept over all runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tests.proofs.seen import WORDS, Seen

TABLE: Final = Path("var/production/table.md")
HEADINGS: Final = ("run", "seed", "minutes", "claim", "size", "seen", "ok")


def append(seen: Sequence[Seen], seed: int, minutes: float, file: Path = TABLE) -> None:
    """One line for each that was seen, below those of earlier runs."""
    file.parent.mkdir(parents=True, exist_ok=True)
    at = datetime.now(UTC).strftime("%Y-%m-%d %H:%M")  # an operator's note, no use case
    with file.open("a", encoding="utf-8") as table:
        if not table.tell():
            table.write(_line(HEADINGS) + _line(["---"] * len(HEADINGS)))
        for one in seen:
            figures = (at, str(seed), f"{minutes:g}")
            table.write(_line([*figures, one.claim, one.size, one.seen, WORDS[one.ok]]))


def _line(cells: Sequence[str]) -> str:
    plain = (" ".join(cell.split()).replace("|", "/") for cell in cells)
    return f"| {' | '.join(plain)} |\n"
