"""Where the parts of a picture of days lie on the paper."""

from __future__ import annotations

from dataclasses import dataclass

from services.reports.drawing.paint import FAINT, INK, SOFT, Painting
from services.reports.drawing.scales import Scale, value_ticks


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area: `x` from left to right, `y` from bottom to top, in px."""

    painting: Painting
    x: Scale
    y: Scale

    @property
    def left(self) -> float:
        return self.x.start

    @property
    def right(self) -> float:
        return self.x.end

    @property
    def top(self) -> float:
        return self.y.end

    @property
    def bottom(self) -> float:
        return self.y.start

    def axes(self) -> None:
        """The two lines of the axes."""
        self.painting.line((self.left, self.top), (self.left, self.bottom), stroke=INK)
        self.painting.line((self.left, self.bottom), (self.right, self.bottom), stroke=INK)

    def value_axis(self, ticks: list[tuple[float, str]], words: str) -> None:
        """Ticks with faint lines across, and what the axis measures."""
        for value, label in ticks:
            y = self.y(value)
            self.painting.line((self.left - 4, y), (self.left, y), stroke=INK)
            self.painting.line((self.left, y), (self.right, y), stroke=FAINT, width=0.4)
            self.painting.text((self.left - 7, y + 4), label, size=11, anchor="end")
        middle = (self.left - 34, (self.top + self.bottom) / 2)
        self.painting.text(middle, words, size=11, anchor="middle", colour=SOFT, upward=True)

    def across_axis(self, ticks: list[tuple[float, str]], *, at: float | None = None) -> None:
        """Ticks below, or at another height, each with its words."""
        base = self.bottom if at is None else at
        for value, label in ticks:
            x = self.x(value)
            self.painting.line((x, base), (x, base + 4), stroke=INK)
            self.painting.text((x, base + 16), label, size=11, anchor="middle")


def point_ticks(highest: int, bands: list[int]) -> list[tuple[float, str]]:
    """Ticks of a scale in points: where the bands begin and the end, else round numbers."""
    values = [*bands, highest] if bands else value_ticks(highest)
    return [(value, str(value)) for value in values]
