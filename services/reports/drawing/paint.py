"""Writing SVG: escaped text, short numbers, one element at a time, and how much room words take.

The font is Source Sans Pro (SIL Open Font License), from its wheel: Latin with all its extensions,
Greek, Cyrillic and Vietnamese. No font of the machine is ever used for PNG and PDF, so that a
report looks the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from html import escape
from importlib.resources import files
from typing import Final, Literal

# A viewer of the SVG may have the font or take its own.
FAMILY: Final = "Source Sans Pro"
FONTS: Final = f"'{FAMILY}', 'Segoe UI', Helvetica, Arial, sans-serif"

INK: Final = "#1a1a1a"
SOFT: Final = "#595959"  # 7:1 on white
FAINT: Final = "#b5b5b5"
LINE: Final = "#0b4f8a"  # dark in grey as well
ACCENT: Final = "#9c3d00"
PAPER: Final = "#ffffff"

REGULAR, BOLD = "SourceSansPro-Regular.ttf", "SourceSansPro-Bold.ttf"
# Widths as shares of the font size, on the wide side: a viewer may take a wider font than ours.
_NARROW: Final = frozenset("iIjl.,:;|!'()[]/ ft")
_WIDE: Final = frozenset("mwMW%@—→")

Point = tuple[float, float]
TextAnchor = Literal["start", "middle", "end"]
# Characters that XML 1.0 cannot carry even as references.
_UNPRINTABLE: Final = dict.fromkeys([*range(9), 11, 12, *range(14, 32), 0xFFFE, 0xFFFF])


@cache
def font_file(name: str) -> str:
    """Where the wheel keeps a font."""
    return str(files("font_source_sans_pro") / "files" / name)


def font_files() -> list[str]:
    """Both weights that the pictures use."""
    return [font_file(REGULAR), font_file(BOLD)]


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
        anchor: TextAnchor = "start",
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
