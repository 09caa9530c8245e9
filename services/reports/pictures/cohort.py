"""The outcomes of a clinic as a picture: shares by group, and how long responses last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from services.reports.drawing.labels import wrapped
from services.reports.drawing.paint import FAINT, INK, LINE, SOFT, Painting, Point, dots
from services.reports.drawing.words import number_words
from services.reports.pictures.captions import SIZE
from services.reports.pictures.reading import Json, number
from services.reports.pictures.survival import Reference, draw_survival, read_curve

# Fields of a group, and what their columns are called.
SHARES: Final = (
    ("response", "response"),
    ("remission", "remission"),
    ("worsened", "worsened"),
    ("more_item9", "more item 9"),
)
BARS: Final = "Bar: share of those with an outcome. Whisker: its interval, where one is known."
_NAMES: Final = 220.0
_ROW: Final = 46.0
_TOP: Final = 106.0
_CURVES: Final = 300.0  # height of the curves, without a line for each group


@dataclass(frozen=True, slots=True)
class Share:
    """A share in percent (0-100) and, where known, its interval."""

    percent: float
    low: float | None = None
    high: float | None = None


def cohort_svg(
    groups: Sequence[Json],
    *,
    title: str = "Outcomes after treatment",
    under: str = "",
    references: Sequence[Reference] = (),
    notes: Sequence[str] = (),
    width: int = 960,
) -> str:
    """Groups as SVG, as high as they need: a row of shares each, and their curves below.

    A group is `{label, n, missing, response, remission, worsened, more_item9, curve}`: a share is
    a number in percent (0-100), an object `{percent, low, high}`, or null when it is not known;
    `curve` a list of (day, share 0-1, at risk) or of objects as `survival.read_curve` takes them.
    """
    curves = [read_curve(str(group.get("label", "")), group.get("curve") or ()) for group in groups]
    shares_end = _TOP + _ROW * max(1, len(groups)) + 34
    below = _CURVES + 32 * len(groups) + 17 * len(references)
    foot = [line for note in notes for line in wrapped(note, 10, width - 32)]
    height = shares_end + 30 + below + 13 * len(foot) + 14
    painting = Painting(width, height, title, " ".join(_describe(groups)))
    painting.text((16, 24), title, size=16, bold=True)
    painting.text((16, 42), under, size=12, colour=SOFT)
    painting.text((16, 60), BARS, size=SIZE, colour=SOFT)
    _draw_shares(painting, groups, shares_end - 34)
    painting.text((16, shares_end + 16), "Sustained response", size=13, bold=True)
    box = ((60.0, shares_end + 34), (width - 110.0, below))
    draw_survival(painting, box, curves, ("days since response", "still responding"), references)
    for place, line in enumerate(reversed(foot)):
        painting.text((16, height - 8 - 13 * place), line, size=10, colour=SOFT)
    return painting.svg()


def read_share(found: object) -> Share | None:
    """A share as it comes; None when it is not known."""
    if isinstance(found, Mapping):
        percent = number(found.get("percent"))
        low, high = number(found.get("low")), number(found.get("high"))
        return None if percent is None else Share(percent, low, high)
    percent = number(found)
    return None if percent is None else Share(percent)


def _draw_shares(painting: Painting, groups: Sequence[Json], bottom: float) -> None:
    for place, (field, words) in enumerate(SHARES):
        left, right = _column(painting, place)
        painting.text((left, _TOP - 14), words, size=12, bold=True)
        for percent in (0, 50, 100):
            x = left + (right - left) * percent / 100
            painting.line((x, _TOP - 4), (x, bottom), stroke=FAINT, width=0.7)
            painting.text((x, bottom + 14), f"{percent} %", size=10, anchor="middle", colour=SOFT)
        for row, group in enumerate(groups):
            share = read_share(group.get(field))
            _draw_share(painting, share, (left, right), _TOP + _ROW * (row + 0.5))
    for row, group in enumerate(groups):
        _name(painting, group, _TOP + _ROW * (row + 0.5))
    if not groups:
        painting.text((16, _TOP + 22), "No course with an outcome yet", size=13, colour=SOFT)


def _column(painting: Painting, place: int) -> tuple[float, float]:
    width = (painting.width - _NAMES - 40) / len(SHARES)
    return _NAMES + width * place, _NAMES + width * (place + 1) - 34


def _name(painting: Painting, group: Json, y: float) -> None:
    for line in wrapped(str(group.get("label", "")), 12, _NAMES - 30)[:2]:
        painting.text((16, y - 8), line, size=12)
        y += 14
    counts = f"n = {group.get('n', 0)}, missing {group.get('missing', 0)}"
    painting.text((16, y - 8), counts, size=SIZE, colour=SOFT)


def _draw_share(
    painting: Painting, share: Share | None, column: tuple[float, float], y: float
) -> None:
    left, right = column
    if share is None:
        painting.text((left + 4, y + 4), "not known", size=10.5, colour=SOFT)
        return

    def at(percent: float) -> Point:
        return left + (right - left) * percent / 100, y + 5

    painting.line(at(0), at(share.percent), stroke=LINE, width=5)
    painting.path(dots([at(share.percent)]), stroke=LINE, width=9, cap="round")
    if share.low is not None and share.high is not None:
        painting.line(at(share.low), at(share.high), stroke=INK, width=1.2)
        for end in (share.low, share.high):
            x, middle = at(end)
            painting.line((x, middle - 4), (x, middle + 4), stroke=INK, width=1.2)
    painting.text((left, y - 5), _percent(share), size=10.5)


def _percent(share: Share) -> str:
    words = f"{number_words(share.percent)} %"
    if share.low is None or share.high is None:
        return words
    return f"{words} ({number_words(share.low)}–{number_words(share.high)})"


def _describe(groups: Sequence[Json]) -> Iterator[str]:
    for group in groups:
        said = [f"{group.get('label', '')}: n = {group.get('n', 0)}"]
        for field, words in SHARES:
            share = read_share(group.get(field))
            said.append(f"{words} {_percent(share) if share else 'not known'}")
        yield f"{', '.join(said)}."
    if not groups:
        yield "No course with an outcome yet."
