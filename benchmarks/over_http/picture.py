"""One picture for the README: everybody's rate as a share of the fastest toy's."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from benchmarks.over_http.figures import Range, Rounds
from benchmarks.over_http.plan import OURS, TOY, named

WIDTH: Final = 760
NAMES: Final = 250
SCALE: Final = 400
# A longer line is cut there, so that its number has room.
MOST: Final = 1.1
ROW: Final = 22
TITLE: Final = 34
TEXT: Final = "#1b1f24"
OF_US, OF_OTHERS = "#2f6f9f", "#b8c2cc"


def picture(found: Sequence[Rounds], when: str) -> str:
    """SVG: bars of medians with the lowest and highest round; empty without the toy."""
    parts: list[str] = []
    y = TITLE + 10
    for clients in (1, 8, 32):
        group = [one for one in found if one.group == named(clients)]
        toy = next((one for one in group if one.name == TOY), None)
        if toy is None:
            return ""
        shares = [(one.name, one.over(toy)) for one in group]
        parts.append(_text(0, y + 14, f"{named(clients)} ({toy.median('rate'):,.0f}/s = 1)", 700))
        y += ROW
        for name, share in sorted(shares, key=lambda one: one[1].median):
            parts.append(_bar(y, name, share))
            y += ROW
        y += 12
    head = f"Stored check-ins a second, as a share of {TOY.removeprefix('toy: ')}'s toy"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y + 14}" '
            f'viewBox="-12 0 {WIDTH} {y + 14}" font-family="sans-serif" font-size="13">',
            f'<rect x="-12" width="{WIDTH}" height="{y + 14}" fill="#ffffff"/>',
            _text(0, 22, head, 700, 15),
            *parts,
            _text(0, y + 6, f"Bars: median; lines: lowest and highest round. {when}", size=11),
            "</svg>\n",
        ]
    )


def _bar(y: int, name: str, share: Range) -> str:
    colour = OF_US if name.startswith(OURS) else OF_OTHERS
    low, high = (NAMES + SCALE * min(one, MOST) for one in (share.low, share.high))
    width = SCALE * min(share.median, MOST)
    return (
        _text(0, y + 14, name, 700 if name == OURS else 400)
        + f'<rect x="{NAMES}" y="{y + 3}" width="{width:.1f}" height="{ROW - 8}" fill="{colour}"/>'
        + f'<path d="M{low:.1f} {y + 10}H{high:.1f}" stroke="{TEXT}"/>'
        + _text(max(NAMES + width, high) + 6, y + 14, f"{share.median:.2f}")
    )


def _text(x: float, y: float, words: str, weight: int = 400, size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{TEXT}" font-weight="{weight}" font-size="{size}">'
        f"{escape(words)}</text>"
    )
