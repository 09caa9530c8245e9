"""What stands around a picture: its heading, its legend, and what it rests on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.reports.drawing.labels import width_of, wrapped
from services.reports.drawing.paint import SOFT, Painting, Point
from services.reports.drawing.words import DAILY_FORM, NOT_VALIDATED
from services.rules.trend.document import TrendReport
from services.rules.wire import instant

ROW = 17.0
SIZE = 11.0
_KEY = 26.0  # room for the mark before its words
_BETWEEN = 18.0


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """One entry of a legend: how its mark is drawn around a point, and what it means."""

    words: str
    draw: Callable[[Painting, Point], None] | None = None

    @property
    def width(self) -> float:
        """Room that it takes, in px."""
        return width_of(self.words, SIZE) + (_KEY if self.draw else 0) + _BETWEEN


def legend_rows(entries: Sequence[LegendEntry], width: float) -> list[list[LegendEntry]]:
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


def heading(painting: Painting, under: str, left: float) -> None:
    """The title, and below it what is shown."""
    painting.text((left, 24), painting.title, size=16, bold=True)
    painting.text((left, 42), under, size=12, colour=SOFT)


def footing(report: TrendReport, width: float, *, alone: bool = True) -> list[str]:
    """What the picture rests on, in lines; on a page that says so itself only the caution."""
    parts = [
        f"Data cut: revision {report.revision}, {instant(report.cut_at)}",
        f"rules version {report.numbers.version}",
        f"generated {instant(report.generated_at)}",
        f"content {report.content_hash[:12]}",
    ]
    lines = wrapped("  ·  ".join(parts), 10, width) if alone else []
    return [NOT_VALIDATED, *lines] if report.instrument == DAILY_FORM else lines


def draw_footing(painting: Painting, lines: Sequence[str], left: float) -> None:
    """The lines, on the lower edge."""
    for place, line in enumerate(reversed(lines)):
        y = painting.height - 8 - 13 * place
        painting.text((left, y), line, size=10, colour=SOFT)
