"""The table of `make prove-production`: shown, and kept over all runs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO

from rich.console import Console
from rich.table import Table

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


def show(seen: Sequence[Seen], terminal: TextIO) -> None:
    """As a table, for whoever started the run."""
    table = Table(title="Production: what was claimed and what was seen", title_justify="left")
    table.show_lines = True
    for heading in ("claim", "size", "seen", "ok"):
        table.add_column(heading, overflow="fold")
    for one in seen:
        table.add_row(one.claim, one.size, one.seen, WORDS[one.ok])
    Console(file=terminal, width=140).print(table)
