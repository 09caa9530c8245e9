"""The outcomes of a clinic as a picture: shares by group, and how long responses last."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from services.reports.drawing.paint import FAINT, INK, LINE, SOFT, Painting, Point, dots, wrapped
from services.reports.drawing.words import number_words
from services.reports.pictures.captions import SIZE
from services.reports.pictures.survival import Curve, Reference, draw_survival
from services.rules.cohort.figures import GroupFigures, Share
from services.rules.cohort.tally import ShareName

# Shares of a group, and what their columns are called.
SHARES: Final[tuple[tuple[ShareName, str], ...]] = (
    ("response", "response"),
    ("remission", "remission"),
    ("worsened", "worsened"),
    ("item9_higher", "more item 9"),
)
BARS: Final = "Bar: share of those with an outcome. Whisker: its interval, where one is known."
_NAMES: Final = 220.0
_ROW: Final = 46.0
_TOP: Final = 106.0
_CURVES: Final = 300.0  # height of the curves, without a line for each group


def cohort_svg(
    groups: Sequence[tuple[str, GroupFigures]],
    *,
    title: str = "Outcomes after treatment",
    under: str = "",
    references: Sequence[Reference] = (),
    notes: Sequence[str] = (),
    width: int = 960,
) -> str:
    """Groups, each with its label, as SVG as high as they need: a row of shares each, and their
    curves below.
    """
    curves = [Curve(label, found.sustained.n, found.sustained.curve) for label, found in groups]
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


def _draw_shares(
    painting: Painting, groups: Sequence[tuple[str, GroupFigures]], bottom: float
) -> None:
    for place, (name, words) in enumerate(SHARES):
        left, right = _column(painting, place)
        painting.text((left, _TOP - 14), words, size=12, bold=True)
        for percent in (0, 50, 100):
            x = left + (right - left) * percent / 100
            painting.line((x, _TOP - 4), (x, bottom), stroke=FAINT, width=0.7)
            painting.text((x, bottom + 14), f"{percent} %", size=10, anchor="middle", colour=SOFT)
        for row, (_, found) in enumerate(groups):
            _draw_share(painting, found.shares[name], (left, right), _TOP + _ROW * (row + 0.5))
    for row, (label, found) in enumerate(groups):
        _name(painting, label, found, _TOP + _ROW * (row + 0.5))
    if not groups:
        painting.text((16, _TOP + 22), "No course with an outcome yet", size=13, colour=SOFT)


def _column(painting: Painting, place: int) -> tuple[float, float]:
    width = (painting.width - _NAMES - 40) / len(SHARES)
    return _NAMES + width * place, _NAMES + width * (place + 1) - 34


def _name(painting: Painting, label: str, found: GroupFigures, y: float) -> None:
    for line in wrapped(label, 12, _NAMES - 30)[:2]:
        painting.text((16, y - 8), line, size=12)
        y += 14
    painting.text((16, y - 8), f"n = {found.n}, missing {found.missing}", size=SIZE, colour=SOFT)


def _draw_share(painting: Painting, share: Share, column: tuple[float, float], y: float) -> None:
    left, right = column
    if share.percent is None:
        painting.text((left + 4, y + 4), "not known", size=10.5, colour=SOFT)
        return

    def at(percent: float) -> Point:
        return left + (right - left) * percent / 100, y + 5

    percent = float(share.percent)
    painting.line(at(0), at(percent), stroke=LINE, width=5)
    painting.path(dots([at(percent)]), stroke=LINE, width=9, cap="round")
    if share.low is not None and share.high is not None:
        painting.line(at(share.low), at(share.high), stroke=INK, width=1.2)
        for end in (share.low, share.high):
            x, middle = at(end)
            painting.line((x, middle - 4), (x, middle + 4), stroke=INK, width=1.2)
    painting.text((left, y - 5), _percent(share), size=10.5)


def _percent(share: Share) -> str:
    if share.percent is None:
        return "not known"
    interval = f"{number_words(share.low)}–{number_words(share.high)}"
    return f"{number_words(share.percent)} % ({interval})"


def _describe(groups: Sequence[tuple[str, GroupFigures]]) -> Iterator[str]:
    for label, found in groups:
        shares = (f"{words} {_percent(found.shares[name])}" for name, words in SHARES)
        yield f"{', '.join([f'{label}: n = {found.n}', *shares])}."
    if not groups:
        yield "No course with an outcome yet."
