"""Marks that differ in shape and lightness, so that they can be told apart without colour."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from services.reports.drawing.paint import FAINT, INK, PAPER, Painting, Point, dots, short


def triangle(at: Point, r: float) -> str:
    """Path data of an upright triangle."""
    x, y = at
    side = short(2 * r)
    return f"M{short(x)} {short(y - r)}l{short(r)} {side}h-{side}Z"


def diamond(at: Point, r: float) -> str:
    """Path data of a square on its tip."""
    x, y = at
    one = short(r)
    return f"M{short(x)} {short(y - r)}l{one} {one}l-{one} {one}l-{one}-{one}Z"


def cross(at: Point, r: float) -> str:
    """Path data of an x."""
    x, y = at
    side = short(2 * r)
    return f"M{short(x - r)} {short(y - r)}l{side} {side}m-{side} 0l{side}-{side}"


@dataclass(frozen=True, slots=True)
class Ring:
    """An open circle of `radius` px: two dots, so that a thousand stay cheap."""

    radius: float

    def draw(self, painting: Painting, places: list[Point]) -> None:
        """All rings at once."""
        data = dots(places)
        painting.path(data, stroke=INK, width=2 * self.radius + 1.1, cap="round")
        painting.path(data, stroke=PAPER, width=2 * self.radius - 1.1, cap="round")


@dataclass(frozen=True, slots=True)
class Symbol:
    """A shape with its fill and size (half its height, in px)."""

    shape: Callable[[Point, float], str]
    fill: str
    radius: float

    def draw(self, painting: Painting, places: list[Point]) -> None:
        """All marks of this kind as one element."""
        data = "".join(self.shape(place, self.radius) for place in places)
        painting.path(data, fill=self.fill, stroke=INK, width=1.1)


ITEM9: Final[dict[int, Ring | Symbol]] = {
    1: Ring(3.4),
    2: Symbol(triangle, FAINT, 4),
    3: Symbol(diamond, INK, 5),
}
RELAPSE: Final = Symbol(cross, "none", 4.5)
