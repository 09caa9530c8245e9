"""Writing SVG: escaped text, short numbers, one element at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, Literal

# The font of PNG and PDF; a viewer of the SVG may have it or take its own.
FAMILY: Final = "Source Sans Pro"
FONTS: Final = f"'{FAMILY}', 'Segoe UI', Helvetica, Arial, sans-serif"

INK: Final = "#1a1a1a"
SOFT: Final = "#595959"  # 7:1 on white
FAINT: Final = "#b5b5b5"
LINE: Final = "#0b4f8a"  # dark in grey as well
ACCENT: Final = "#9c3d00"
PAPER: Final = "#ffffff"

Point = tuple[float, float]
Anchor = Literal["start", "middle", "end"]
# Characters that XML 1.0 cannot carry even as references.
_UNPRINTABLE: Final = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


def short(value: float) -> str:
    """A coordinate to the hundredth, without trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def clean(text: str) -> str:
    """Text as XML may hold it: escaped, without control characters."""
    return escape(text.translate(_UNPRINTABLE), quote=True)


def polyline(points: Sequence[Point]) -> str:
    """Path data through the points."""
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)


def dots(points: Iterable[Point]) -> str:
    """Path data of one dot a point: drawn by a round cap as wide as the stroke."""
    return "".join(f"M{short(x)} {short(y)}h.01" for x, y in points)


class Painting:
    """A picture being drawn, in CSS pixels; later elements lie above earlier ones."""

    def __init__(self, width: float, height: float, title: str, description: str = "") -> None:
        self.width = width
        self.height = height
        self.title = title
        self.description = description
        self._parts: list[str] = []

    def path(
        self,
        data: str,
        *,
        stroke: str = INK,
        width: float = 1,
        dash: str = "",
        fill: str = "none",
        cap: str = "butt",
    ) -> None:
        """A line or a shape; nothing for no data."""
        if not data:
            return
        dashes = f' stroke-dasharray="{dash}"' if dash else ""
        self._parts.append(
            f'<path d="{data}" fill="{fill}" stroke="{stroke}" stroke-width="{short(width)}"'
            f' stroke-linecap="{cap}" stroke-linejoin="round"{dashes}/>'
        )

    def line(self, start: Point, end: Point, **how: object) -> None:
        """A straight line; keywords as of `path`."""
        self.path(polyline((start, end)), **how)  # type: ignore[arg-type] # path's keywords

    def rect(self, corner: Point, size: Point, fill: str) -> None:
        """A filled rectangle."""
        (x, y), (width, height) = corner, size
        self._parts.append(
            f'<rect x="{short(x)}" y="{short(y)}" width="{short(max(0.0, width))}"'
            f' height="{short(max(0.0, height))}" fill="{fill}"/>'
        )

    def text(
        self,
        at: Point,
        words: str,
        *,
        size: float = 12,
        anchor: Anchor = "start",
        colour: str = INK,
        bold: bool = False,
        upward: bool = False,
    ) -> None:
        """A line of text on its baseline; `upward` reads from bottom to top."""
        x, y = short(at[0]), short(at[1])
        place = f'transform="translate({x} {y}) rotate(-90)"' if upward else f'x="{x}" y="{y}"'
        weight = ' font-weight="bold"' if bold else ""
        self._parts.append(
            f'<text {place} font-size="{short(size)}" text-anchor="{anchor}"'
            f' fill="{colour}"{weight}>{clean(words)}</text>'
        )

    def svg(self, *, named: bool = True) -> str:
        """The whole picture; named and described for those who do not see it, unless the paper
        that it is laid in says the same in words.
        """
        if not named:
            return self._wrapped("", "")
        return self._wrapped(
            ' role="img" aria-labelledby="title desc" xml:lang="en"',
            f'<title id="title">{clean(self.title)}</title>'
            f'<desc id="desc">{clean(self.description)}</desc>',
        )

    def _wrapped(self, attributes: str, head: str) -> str:
        width, height = short(self.width), short(self.height)
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}"{attributes}>{head}'
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>'
            f'<g font-family="{FONTS}">{"".join(self._parts)}</g></svg>'
        )
