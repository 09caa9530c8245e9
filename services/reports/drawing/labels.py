"""Room for words: how wide they are, and how to keep them apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

# Widths as shares of the font size, on the wide side: a viewer may take a wider font than ours.
_NARROW: Final = frozenset("iIjl.,:;|!'()[]/ ft")
_WIDE: Final = frozenset("mwMW%@—→")


def width_of(words: str, size: float) -> float:
    """About how wide a line of text is, in the unit of `size`; rather too wide than too narrow."""
    shares = (0.3 if c in _NARROW else 0.85 if c in _WIDE else 0.53 for c in words)
    return size * sum(shares)


def wrapped(words: str, size: float, width: float) -> list[str]:
    """The words in lines that fit a width; a single word that is too long keeps its line."""
    lines: list[str] = []
    for word in words.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_of(longer, size) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def apart(wanted: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """The heights nearest to the wanted ones that are at least `gap` apart, in the same order.

    Stays between `low` and `high` as long as there is room for all.
    """
    order = sorted(range(len(wanted)), key=lambda i: wanted[i])
    placed = [0.0] * len(wanted)
    floor = low
    for index in order:
        placed[index] = floor = max(wanted[index], floor)
        floor += gap
    ceiling = high
    for index in reversed(order):
        placed[index] = ceiling = min(placed[index], ceiling)
        ceiling -= gap
    return placed
