"""What stands around a picture: its heading, its legend, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.reports.drawing.paint import SOFT, Painting, Point, width_of, wrapped
from services.reports.drawing.words import validation_words
from services.rules.trend.document import TrendReport
from services.rules.wire import instant

MARGIN: Final = 16.0
ROW: Final = 17.0
SIZE: Final = 11.0
_KEY: Final = 26.0  # room for the mark before its words
_BETWEEN: Final = 18.0
_FOOT_ROW: Final = 13.0

Mark = Callable[[Painting, Point], None]


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of a legend: what it means, and how its mark is drawn around a point."""

    words: str
    draw: Mark | None = None

    @property
    def width(self) -> float:
        """Room that it takes, in px."""
        return width_of(self.words, SIZE) + (_KEY if self.draw else 0) + _BETWEEN


class Captions:
    """Legend and footing of a report's picture; what is drawn of the report lies above `top`."""

    def __init__(
        self, painting: Painting, report: TrendReport, legend: Iterable[LegendEntry], *, alone: bool
    ) -> None:
        width = painting.width - 2 * MARGIN
        self._painting = painting
        self._rows = legend_rows(legend, width)
        self._foot = footing(report, width, alone=alone)
        foot = _FOOT_ROW * len(self._foot)
        self.top = painting.height - MARGIN - foot - ROW * len(self._rows)

    def draw(self) -> None:
        """Both, on the lower edge."""
        draw_legend(self._painting, self._rows, (MARGIN, self.top))
        draw_footing(self._painting, self._foot)


def legend_rows(entries: Iterable[LegendEntry], width: float) -> list[list[LegendEntry]]:
    """The entries in as many rows as they need."""
    rows: list[list[LegendEntry]] = []
    used = 0.0
    for entry in entries:
        if not rows or used + entry.width > width:
            rows.append([])
            used = 0.0
        rows[-1].append(entry)
        used += entry.width
    return rows


def draw_legend(painting: Painting, rows: list[list[LegendEntry]], at: Point) -> None:
    """The rows, from a left upper corner."""
    left, y = at
    for row in rows:
        x = left
        for entry in row:
            if entry.draw is not None:
                entry.draw(painting, (x + _KEY / 2 - 4, y + ROW / 2))
            shift = _KEY if entry.draw else 0
            painting.text((x + shift, y + ROW / 2 + 4), entry.words, size=SIZE)
            x += entry.width
        y += ROW


def line_sample(colour: str, width: float, dash: str = "") -> Mark:
    """The mark of a line: a short piece of it."""

    def draw(painting: Painting, at: Point) -> None:
        x, y = at
        painting.line((x - 11, y), (x + 11, y), stroke=colour, width=width, dash=dash)

    return draw


def heading(painting: Painting, under: str) -> None:
    """The title, and below it what is shown."""
    painting.text((MARGIN, 24), painting.title, size=16, bold=True)
    painting.text((MARGIN, 42), under, size=12, colour=SOFT)


def made_words(rules_version: str, at: datetime) -> str:
    """By which rules a report was made, and when."""
    return f"rules version {rules_version}  ·  generated {instant(at)}"


def footing(report: TrendReport, width: float, *, alone: bool = True) -> list[str]:
    """What the picture rests on, in lines; on a page that says so itself only the caution."""
    parts = [
        f"Data cut: revision {report.revision}, {instant(report.cut_at)}",
        made_words(report.numbers.version, report.generated_at),
        f"content {report.content_hash[:12]}",
    ]
    lines = wrapped("  ·  ".join(parts), 10, width) if alone else []
    mark = validation_words(report.instrument)
    return [mark, *lines] if mark else lines


def draw_footing(painting: Painting, lines: Sequence[str]) -> None:
    """The lines, on the lower edge."""
    for place, line in enumerate(reversed(lines)):
        y = painting.height - 8 - _FOOT_ROW * place
        painting.text((MARGIN, y), line, size=10, colour=SOFT)
