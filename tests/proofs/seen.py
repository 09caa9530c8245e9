"""One line of the table of `make prove`: of a story that was told at full size, or of figures."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final, TextIO

import pytest
from rich.console import Console
from rich.table import Table

from tests.builders.seen import watching

# What stands in the table for a verdict.
WORDS: Final[dict[bool | None, str]] = {True: "ok", False: "FAILED", None: "-"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A claim, the size at which it was tried, what was seen, and whether that is enough.

    `ok` is None when it could not be tried here; `seen` then says why.
    """

    claim: str
    size: str
    seen: str
    ok: bool | None


def show(seen: Iterable[Seen], title: str, terminal: TextIO) -> None:
    """As a table, for whoever started the run."""
    table = Table(title=title, title_justify="left", show_lines=True)
    for heading in ("claim", "size", "seen", "ok"):
        table.add_column(heading, overflow="fold")
    for one in seen:
        table.add_row(one.claim, one.size, one.seen, WORDS[one.ok])
    Console(file=terminal, width=140).print(table)


def verdict(claim: str, size: str, seen: str, problems: Iterable[str]) -> Seen:
    """Good when nothing was found against it; else what was found, the first few of it."""
    found = list(problems)
    more = f" and {len(found) - 5} more" if len(found) > 5 else ""
    return Seen(claim, size, "; ".join(found[:5]) + more if found else seen, not found)


def try_all(name: str, run: Callable[[], Iterable[Seen]]) -> list[Seen]:
    """One proof; whatever it raises is a claim that does not hold, and the next one is tried."""
    seen: list[Seen] = []
    try:
        # What was seen until something breaks stays in the table.
        seen.extend(run())
    except Exception as error:  # noqa: BLE001 -- the other claims are still to be tried
        traceback.print_exc()
        seen.append(Seen(name, type(error).__name__, str(error)[:300], ok=False))
    return seen


def tell(claim: str, size: str, *stories: Callable[[], object]) -> Iterator[Seen]:
    """Tell the tests' own stories; the first step that is not as it should be ends the claim."""
    with watching() as seen:
        try:
            for story in stories:
                story()
        except (AssertionError, pytest.fail.Exception) as broken:
            traceback.print_exc()
            yield Seen(claim, size, f"{_where(broken)} {broken}"[:300].strip(), ok=False)
        else:
            yield Seen(claim, size, "; ".join(seen) or "held each time", ok=True)


def _where(error: BaseException) -> str:
    """The step of the story that failed, as it is written."""
    steps = [
        step for step in traceback.extract_tb(error.__traceback__) if "/tests/" in step.filename
    ]
    return f"{steps[-1].name}: {steps[-1].line}" if steps else type(error).__name__
