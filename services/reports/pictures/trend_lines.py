"""The background and the line of the trend picture: bands, references, day values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from services.reports.drawing.frame import Frame
from services.reports.drawing.labels import apart
from services.reports.drawing.numbers import longest_step
from services.reports.drawing.paint import INK, LINE, SOFT, Point, dots, polyline
from services.reports.drawing.words import number_words, plain
from services.rules.day_series import DayValue
from services.rules.instruments.definition import Band, instrument
from services.rules.trend.document import TrendReport
from services.rules.trend.report import WITH_STATUS

# From nothing to much: told apart by lightness, and by their names beside them.
_SHADES = ("#ffffff", "#f6f6f6", "#eeeeee", "#e6e6e6", "#dddddd")
REFERENCE_ROOM = 96.0
BAND_ROOM = 128.0
_APART = 2.2  # px: narrower dots would only thicken the line
_HALF = 0.5  # totals are whole: what lies between two bands belongs to neither


def bands_of(code: str) -> Sequence[Band]:
    """Severity bands: of the validated two-week PHQ-9 only."""
    return instrument(code).bands if code == WITH_STATUS else ()


def draw_bands(frame: Frame, code: str) -> None:
    """Shaded bands with their names and ranges in the margin."""
    for band, shade in zip(bands_of(code), _SHADES, strict=False):
        top, bottom = frame.y(band.high + _HALF), frame.y(band.low - _HALF)
        frame.painting.rect((frame.left, top), (frame.right - frame.left, bottom - top), shade)
        x = frame.right + REFERENCE_ROOM
        frame.painting.line((x, top + 1.5), (x, bottom - 1.5), stroke=SOFT, width=1.5)
        words = f"{plain(band.name)} {band.low}–{band.high}"
        frame.painting.text((x + 6, (top + bottom) / 2 + 4), words, size=10.5, colour=SOFT)


def references(report: TrendReport) -> Iterator[tuple[float, str, str]]:
    """(points, words, dashes) of the lines across."""
    base = report.figures.baseline.value
    if base is not None:
        yield float(base), f"baseline {number_words(base)}", "9 4"
    if report.instrument != WITH_STATUS:
        return
    limits = report.numbers.measures.change
    if base is not None and base >= limits.percent_from_baseline:
        goal = float(base * (100 - limits.response_percent)) / 100
        yield goal, f"{limits.response_percent} % better: {number_words(goal)}", "4 3"
    yield limits.remission_below - _HALF, f"remission: < {limits.remission_below}", "1.5 3"


def draw_references(frame: Frame, report: TrendReport) -> None:
    """The lines across with their words beside the plot, kept apart."""
    found = list(references(report))
    wanted = [frame.y(value) for value, _, _ in found]
    placed = apart(wanted, 13, frame.top + 4, frame.bottom - 2)
    for (_, words, dash), y, label_y in zip(found, wanted, placed, strict=True):
        paint = frame.painting
        paint.line((frame.left, y), (frame.right, y), stroke=INK, width=1.1, dash=dash)
        paint.line((frame.right, y), (frame.right + 6, label_y), stroke=SOFT, width=0.7)
        paint.text((frame.right + 8, label_y + 3.5), words, size=10.5)


def runs(days: Sequence[DayValue], step: int) -> list[list[DayValue]]:
    """The days in runs: a gap of more than `step` days breaks the line."""
    found: list[list[DayValue]] = []
    for day in days:
        if found and (day.day - found[-1][-1].day).days <= step:
            found[-1].append(day)
        else:
            found.append([day])
    return found


def draw_series(frame: Frame, report: TrendReport) -> None:
    """The line through every value, broken at gaps, and the range of days with many entries.

    Each value has a dot while dots can be told apart; one that stands alone has always one.
    """
    values = report.values
    pieces = runs(values, longest_step(report.instrument, report.numbers))
    lines = [polyline([place(frame, day) for day in piece]) for piece in pieces if len(piece) > 1]
    crowded = frame.right - frame.left < len(values) / 2
    frame.painting.path("".join(lines), stroke=LINE, width=0.8 if crowded else 1.6)
    alone = [place(frame, piece[0]) for piece in pieces if len(piece) == 1]
    _draw_ranges(frame, report.figures.ranges)
    width = _dot(frame, len(values))
    if width >= _APART:
        places = [place(frame, day) for day in values]
        frame.painting.path(dots(places), stroke=LINE, width=width, cap="round")
    frame.painting.path(dots(alone), stroke=LINE, width=max(4, width), cap="round")


def place(frame: Frame, day: DayValue) -> Point:
    """Where the value of a day lies."""
    return ordinal_x(frame, day.day), frame.y(float(day.value))


def ordinal_x(frame: Frame, day: date) -> float:
    """Where a day lies on the time axis."""
    return frame.x(day.toordinal())


def _draw_ranges(frame: Frame, ranges: Mapping[date, tuple[int, int]]) -> None:
    data = []
    for day, (low, high) in sorted(ranges.items()):
        if low < high:
            x = ordinal_x(frame, day)
            data.append(polyline(((x, frame.y(low)), (x, frame.y(high)))))
    frame.painting.path("".join(data), stroke=LINE, width=0.7)


def _dot(frame: Frame, among: int) -> float:
    """As wide as so many dots side by side allow, in px."""
    return min(6.0, 0.6 * (frame.right - frame.left) / max(1, among))
