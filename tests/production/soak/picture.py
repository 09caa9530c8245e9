"""One picture of the whole time: memory, what is open, what waits, and how long answers took."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import quantiles
from typing import Final, TypeVar

from services.reports.drawing.axes import Frame, Scale, span_ticks
from services.reports.drawing.paint import ACCENT, SOFT, Painting, Point, polyline
from services.reports.pictures.captions import (
    ROW,
    LegendEntry,
    draw_legend,
    legend_rows,
    line_sample,
)
from services.reports.pictures.survival import STYLES
from tests.production.soak.looks import CONNECTIONS, FILES, MEMORY, QUEUE, THREADS, Look

T = TypeVar("T")
WIDTH: Final = 760.0
LEFT, RIGHT, TALL = 60.0, 16.0, 130.0
ABOVE, BELOW = 30.0, 64.0
TICKS: Final = 4
LINES: Final = (*STYLES, (ACCENT, 2.2, ""), (SOFT, 1.0, "7 3"))
# So many points of a line.
SPANS: Final = 90
DESCRIPTION: Final = "Line charts over minutes, one below the other: {}."


@dataclass(frozen=True, slots=True)
class Panel:
    """Lines over minutes, by name."""

    title: str
    lines: Mapping[str, Sequence[Point]]

    @property
    def legend(self) -> list[list[LegendEntry]]:
        """In rows."""
        entries = [
            LegendEntry(name, line_sample(*LINES[place % len(LINES)]))
            for place, name in enumerate(self.lines)
        ]
        return legend_rows(entries, WIDTH - LEFT - RIGHT)

    @property
    def height(self) -> float:
        """With all that stands around it."""
        return ABOVE + TALL + BELOW + ROW * len(self.legend)


def picture(looks: Sequence[Look], waits: Sequence[Point], title: str) -> str:
    """SVG. `waits`: the minute at which each answer was due, and the milliseconds that it took."""
    panels = [
        *(Panel(what, _lines(looks, what)) for what in (MEMORY, CONNECTIONS, QUEUE)),
        *(Panel(what, _lines(looks, what)) for what in (FILES, THREADS)),
        Panel("ms from when it was due to its answer", _times(waits)),
    ]
    shown = DESCRIPTION.format("; ".join(panel.title for panel in panels))
    painting = Painting(WIDTH, 40 + sum(panel.height for panel in panels), title, shown)
    painting.text((16, 26), title, size=15, bold=True)
    last = looks[-1].at_s / 60
    top = 40.0
    for panel in panels:
        _draw(painting, panel, top, last)
        top += panel.height
    return painting.svg()


def _lines(looks: Sequence[Look], what: str) -> dict[str, list[Point]]:
    names = sorted({name for look in looks for name in look.figures if name.what == what})
    return {
        name.whose: [
            (span[0].at_s / 60, max(look.figures.get(name, 0.0) for look in span))
            for span in _spans(looks)
        ]
        for name in names
    }


def _spans(found: Sequence[T]) -> list[Sequence[T]]:
    size = max(2, math.ceil(len(found) / SPANS))
    return [found[at : at + size] for at in range(0, len(found), size)]


def _times(waits: Sequence[Point]) -> dict[str, list[Point]]:
    found: dict[str, list[Point]] = {"p50": [], "p99": []}
    for span in _spans(sorted(waits)):
        cuts = quantiles([ms for _, ms in span], n=100, method="inclusive") if span[1:] else []
        for name, place in (("p50", 49), ("p99", 98)) if cuts else ():
            found[name].append((span[0][0], cuts[place]))
    return found


def _draw(painting: Painting, panel: Panel, top: float, last: float) -> None:
    highest = max((value for line in panel.lines.values() for _, value in line), default=1.0)
    ticks = list(_ticks(highest or 1.0))
    frame = Frame(
        painting,
        Scale(0, last, LEFT, WIDTH - RIGHT),
        Scale(0, ticks[-1], top + ABOVE + TALL, top + ABOVE),
    )
    painting.text((LEFT, top + ABOVE - 10), panel.title, size=12, bold=True)
    frame.value_axis([(value, f"{value:g}") for value in ticks], "")
    frame.across_axis([(minute, str(minute)) for minute in span_ticks(last, 15)])
    middle = (LEFT + frame.right) / 2
    painting.text((middle, frame.bottom + 30), "minutes", size=11, anchor="middle", colour=SOFT)
    frame.axes()
    for place, line in enumerate(panel.lines.values()):
        colour, width, dash = LINES[place % len(LINES)]
        points = [(frame.x(minute), frame.y(value)) for minute, value in line]
        painting.path(polyline(points) if points else "", stroke=colour, width=width, dash=dash)
    draw_legend(painting, panel.legend, (LEFT, frame.bottom + 38))


def _ticks(highest: float) -> Iterator[float]:
    """Round values from 0 to one that is not below the highest."""
    power = 10 ** math.floor(math.log10(highest / TICKS))
    step = power * next(factor for factor in (1, 2, 5, 10) if power * factor * TICKS >= highest)
    yield from (step * number for number in range(TICKS + 1))
