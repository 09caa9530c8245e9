"""The picture of `docs/scale.md`: how many patients each part carries, by powers of ten."""

from __future__ import annotations

import math
from collections.abc import Iterator
from html import escape
from typing import Final

from tools.scale.limits import LAYOUTS, Layout, Load, bottlenecks, patients
from tools.scale.words import about

WIDTH: Final = 760
NAMES: Final = 270
SCALE: Final = 380
LOW, HIGH = 3, 8  # powers of ten
ROW: Final = 18
TEXT, FIRST, OTHERS, LINE = "#1b1f24", "#b3402f", "#b8c2cc", "#e4e8ec"


def picture(load: Load) -> str:
    """SVG; the red bar of each layout is where it breaks first."""
    parts, y = list[str](), 44
    for layout in LAYOUTS:
        parts.append(_text(0, y + 13, _head(load, layout), 700))
        y += ROW + 2
        for part in _bars(load, layout):
            parts.append(part.replace("{y}", str(y)).replace("{text}", str(y + 12)))
            y += ROW
        y += 12
    lines = [_power(power, y) for power in range(LOW, HIGH + 1)]
    frame = f'width="{WIDTH}" height="{y + 26}" viewBox="-12 0 {WIDTH} {y + 26}"'
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" {frame} font-family="sans-serif"'
            ' font-size="12">',
            f'<rect x="-12" width="{WIDTH}" height="{y + 26}" fill="#ffffff"/>',
            _text(0, 22, "Patients who answer every day, until something breaks", 700, 15),
            *lines,
            *parts,
            "</svg>\n",
        ]
    )


def _head(load: Load, layout: Layout) -> str:
    (what, _), *_ = bottlenecks(load, layout)
    machines = f"{layout.name} machine{'s' * (layout.all_machines > 1)}"
    return f"{machines}: {what} breaks first"


def _bars(load: Load, layout: Layout) -> Iterator[str]:
    (first, _), *_ = bottlenecks(load, layout)
    for name, count in patients(load, layout).items():
        words = _text(0, "{text}", name)
        if count is None:
            yield words + _text(NAMES, "{text}", "not measured yet")
            continue
        width = _place(count) - NAMES
        colour = FIRST if name == first else OTHERS
        bar = f'<rect x="{NAMES}" y="{{y}}" width="{width:.1f}" height="13" fill="{colour}"/>'
        yield words + bar + _text(NAMES + width + 6, "{text}", about(count))


def _place(count: float) -> float:
    power = min(max(math.log10(count), LOW), HIGH)
    return NAMES + SCALE * (power - LOW) / (HIGH - LOW)


def _power(power: int, bottom: int) -> str:
    x = _place(10**power)
    line = f'<path d="M{x:.1f} 40V{bottom}" stroke="{LINE}"/>'
    return line + _text(x - 14, bottom + 14, f"{10**power:,}", size=10)


def _text(x: float, y: float | str, words: str, weight: int = 400, size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y}" fill="{TEXT}" font-weight="{weight}" font-size="{size}">'
        f"{escape(words)}</text>"
    )
