"""What was seen, as tables for the terminal and for `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.over_http.figures import Rounds

COLUMNS: Final = (
    *("a second", "p50 / p99 ms", "application", "front", "PostgreSQL", "by the clock"),
    *("client", "x"),
)
WIDTH: Final = 160


def cells(one: Rounds, ours: Rounds) -> list[str]:
    """A line of a table: CPU in microseconds a request; `x`: our rate over this one's."""
    cpu = ("application", "front", "database", "beside", "client")
    return [
        one.range("rate").words(0),
        f"{one.median('p50'):.2f} / {one.median('p99'):.1f}",
        *(f"{one.median(figure):,.0f}" for figure in cpu),
        "" if one is ours else ours.over(one).words(),
    ]


def show(found: Sequence[Rounds], facts: Iterable[str]) -> None:
    """On the terminal."""
    console = Console()
    wide = console if console.is_terminal else Console(width=WIDTH)
    table = Table("what", "who", *COLUMNS)
    for name, group in by_group(found):
        for place, one in enumerate(group):
            table.add_row(name if place == 0 else "", one.name, *cells(one, group[0]))
        table.add_section()
    wide.print(table)
    for fact in facts:
        wide.print(f"{fact}.")


def by_group(found: Sequence[Rounds]) -> list[tuple[str, list[Rounds]]]:
    """Ours first in each."""
    names = dict.fromkeys(one.group for one in found)
    return [(name, [one for one in found if one.group == name]) for name in names]
