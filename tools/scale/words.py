"""Numbers and tables in the words of the page."""

from __future__ import annotations

import math
from collections.abc import Iterable


def about(value: float) -> str:
    """Two digits that mean something: no figure here is known better."""
    if value <= 0:
        return "0"
    places = 1 - math.floor(math.log10(value))
    rounded = round(value, places)
    return f"{rounded:,.{max(places, 0)}f}" if value < 10 else f"{rounded:,.0f}"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    heads = list(head)
    lines = [heads, ["---"] * len(heads), *map(list, rows)]
    return "".join(f"| {' | '.join(one)} |\n" for one in lines)
