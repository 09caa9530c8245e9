"""What was seen, as tables for the terminal and for `docs/benchmarks.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.bench import Line
from benchmarks.over_http.figures import Rounds

COLUMNS: Final = (
    *("what", "who", "a second", "p50 / p99 ms"),
    *("application", "front", "PostgreSQL", "client"),
    *("our rate / theirs", "their CPU / ours"),
)
ASKED: Final = ("asked for", "seen", "aim", "", "application + front + PostgreSQL, microseconds")
WORDS: Final = {True: "met", False: "MISSED", None: ""}
WIDTH: Final = 190


def cells(one: Rounds, ours: Rounds) -> list[str]:
    """A line of a table: CPU in microseconds a request."""
    digits = 0 if one.median("rate") >= 100 else 1
    return [
        one.name,
        one.range("rate").words(digits),
        f"{one.percentile(50):.2f} / {one.percentile(99):.1f}",
        *(
            f"{one.median(figure):,.0f}"
            for figure in ("application", "front", "database", "client")
        ),
        "" if one is ours else ours.over(one).words(),
        "" if one is ours else f"{one.median('served') / ours.median('served'):.2f}",
    ]


def show(found: Sequence[Rounds], lines: Sequence[Line], facts: Iterable[str]) -> None:
    """On the terminal."""
    console = Console()
    wide = console if console.is_terminal else Console(width=WIDTH)
    table = Table(*COLUMNS)
    for name, group in by_group(found):
        for place, one in enumerate(group):
            table.add_row("" if place else name, *cells(one, group[0]))
        table.add_section()
    wide.print(table)
    asked = Table(*ASKED)
    for line in lines:
        asked.add_row(*asked_of(line))
    wide.print(asked)
    for fact in facts:
        wide.print(f"{fact}.")


def asked_of(line: Line) -> tuple[str, str, str, str, str]:
    """A line of what is asked for."""
    return line.what, line.seen, line.aim, WORDS[line.good], line.beside


def by_group(found: Sequence[Rounds]) -> list[tuple[str, list[Rounds]]]:
    """Ours first in each."""
    names = dict.fromkeys(one.group for one in found)
    return [(name, [one for one in found if one.group == name]) for name in names]


def markdown(found: Sequence[Rounds], lines: Sequence[Line], facts: Sequence[str]) -> str:
    """The same for the page."""
    return "\n".join(
        [
            *(f"- {fact}." for fact in facts),
            "",
            *_table(ASKED, [asked_of(line) for line in lines]),
            "",
            *_table(COLUMNS, list(_rows(found))),
        ]
    )


def _rows(found: Sequence[Rounds]) -> Iterator[Sequence[str]]:
    for name, group in by_group(found):
        for place, one in enumerate(group):
            yield "" if place else name, *cells(one, group[0])


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lined = [head, ["---"] * len(head), *rows]
    return [f"| {' | '.join(row)} |" for row in lined]
