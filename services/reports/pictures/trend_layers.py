"""The layers of the trend picture: bands, references, day values, sessions, item 9, relapse."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final, TypeVar

from services.reports.drawing import symbols
from services.reports.drawing.axes import Frame
from services.reports.drawing.numbers import longest_step
from services.reports.drawing.paint import (
    ACCENT,
    FAINT,
    INK,
    LINE,
    PAPER,
    SOFT,
    Painting,
    Point,
    apart,
    dots,
    polyline,
    width_of,
)
from services.reports.drawing.words import day_words, dose_words, number_words, plain
from services.reports.pictures.week_means import week_means
from services.rules.day_series import DayValue
from services.rules.instruments.definition import Band, instrument
from services.rules.trend.document import TrendReport
from services.rules.trend.report import WITH_STATUS
from services.rules.trend.treatment import SessionFigures

T = TypeVar("T")

# From nothing to much: distinguished by lightness, and by their names beside them.
_SHADES: Final = ("#ffffff", "#f6f6f6", "#eeeeee", "#e6e6e6", "#dddddd")
REFERENCE_ROOM: Final = 96.0
SESSION_ROOM: Final = 46.0  # above the plot: phase and what is given, numbers, doses
ITEM9_ROOM: Final = 44.0  # below the plot: one row for each answer of 1, 2, 3
_ITEM9_ROW: Final = 13.0
_NARROWEST_DOT: Final = 2.2  # px: narrower dots would only thicken the line
_CROWDED: Final = 8.0  # px between the lines of sessions
_HALF: Final = 0.5  # totals are whole: what lies between two bands belongs to neither
_DASH: Final = "5 2 1 2"
WEEK_DASH: Final = "6 3"
_NAMES: Final = 24.0  # where the names of the rows begin


def bands_of(code: str) -> Sequence[Band]:
    """Severity bands: of the validated two-week PHQ-9 only."""
    return instrument(code).bands if code == WITH_STATUS else ()


def draw_bands(frame: Frame, code: str) -> None:
    """Shaded bands that touch, with their names and ranges within."""
    for band, shade in zip(bands_of(code), _SHADES, strict=False):
        top, bottom = frame.y(band.high + _HALF), frame.y(band.low - _HALF)
        frame.painting.rect((frame.left, top), (frame.right - frame.left, bottom - top), shade)
        words = f"{plain(band.name)} {band.low}–{band.high}"
        frame.painting.text((frame.left + 5, top + 11), words, size=9.5, colour=SOFT)


def references(report: TrendReport) -> Iterator[tuple[float, str, str]]:
    """(points, words, dashes) of the lines across."""
    base = report.figures.baseline.value
    if base is not None:
        yield float(base), f"baseline {number_words(base)}", "9 4"
    if report.instrument != WITH_STATUS:
        return
    limits = report.numbers.measures.change
    base = report.figures.baseline.untreated
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


def runs(points: Sequence[T], step: int, day_of: Callable[[T], int]) -> list[list[T]]:
    """The points in runs: a gap of more than `step` days breaks the line."""
    found: list[list[T]] = []
    for point in points:
        if found and day_of(point) - day_of(found[-1][-1]) <= step:
            found[-1].append(point)
        else:
            found.append([point])
    return found


def runs_of(report: TrendReport) -> list[list[DayValue]]:
    """The day values of a report in runs."""
    step = longest_step(report.instrument, report.numbers)
    return runs(report.values, step, lambda value: value.day.toordinal())


def draw_series(frame: Frame, report: TrendReport) -> None:
    """The line through every value, broken at gaps, and the range of days with many entries.

    Each value has a dot while dots can be told apart; one that stands alone has always one.
    """
    values = report.values
    pieces = runs_of(report)
    lines = [polyline([place(frame, day) for day in piece]) for piece in pieces if len(piece) > 1]
    crowded = frame.right - frame.left < len(values) / 2
    frame.painting.path("".join(lines), stroke=LINE, width=0.8 if crowded else 1.6)
    alone = [place(frame, piece[0]) for piece in pieces if len(piece) == 1]
    _draw_ranges(frame, report.figures.ranges)
    width = _dot(frame, len(values))
    if width >= _NARROWEST_DOT:
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


def draw_sessions(frame: Frame, report: TrendReport) -> None:
    """A dashed line down for each session; its number above, and the dose where it changes.

    Where lines would stand too close to see what is between them, only their upper ends are drawn.
    """
    places = [ordinal_x(frame, one.day) for one in report.sessions]
    crowded = bool(places) and (frame.right - frame.left) / len(places) < _CROWDED
    end = frame.top + 7 if crowded else frame.bottom
    for x in places:
        frame.painting.line((x, frame.top - 4), (x, end), stroke=FAINT, width=0.9, dash=_DASH)
    _draw_numbers(frame, report, places)
    if places:
        frame.painting.text((_NAMES, frame.top - 18), "session", size=10, colour=SOFT)
    _draw_doses(frame, report, places)
    _draw_phases(frame, report)


def _draw_phases(frame: Frame, report: TrendReport) -> None:
    """A bar from the first to the last session of each course, with its phase, product and route:
    the induction's is dark, the maintenance's light.
    """
    phases = {one.id: one.phase for one in report.courses}
    free_from = 0.0
    for found in by_course(report):
        first, last = ordinal_x(frame, found[0].day), ordinal_x(frame, found[-1].day)
        phase = phases.get(found[0].session.course_id, "")
        y, colour = frame.top - 42, SOFT if phase == "induction" else FAINT
        frame.painting.line((first - 2, y), (last + 2, y), stroke=colour, width=3)
        words = course_words(phase, found[0])
        width = width_of(words, 10)
        left = min(first - 2, frame.right - width)
        if left >= free_from:
            frame.painting.text((left, frame.top - 31), words, size=10, colour=SOFT)
            free_from = left + width + 8


def by_course(report: TrendReport) -> list[list[SessionFigures]]:
    """The sessions of the days asked for, of each course apart."""
    found: dict[str, list[SessionFigures]] = {}
    for one in report.sessions:
        found.setdefault(one.session.course_id, []).append(one)
    return list(found.values())


def course_words(phase: str, first: SessionFigures) -> str:
    """`induction: ketamine iv`, of the first session."""
    given = " ".join(part for part in (first.session.product, first.session.route) if part)
    return f"{phase}: {given}" if phase else given


def silences(report: TrendReport, last: date) -> list[tuple[date, date]]:
    """Where nothing was answered for so long that the line is broken: from and to; also at the end.

    `last`: the last day of the picture.
    """
    found = runs_of(report)
    between = [(before[-1].day, after[0].day) for before, after in pairwise(found)]
    step = longest_step(report.instrument, report.numbers)
    if found and (last - found[-1][-1].day).days > step:
        between.append((found[-1][-1].day, last))
    return between


def draw_silences(frame: Frame, report: TrendReport, last: date) -> None:
    """A hatched foot where nothing was answered."""
    for since, until in silences(report, last):
        left, right = ordinal_x(frame, since) + 2, ordinal_x(frame, until) - 2
        if right > left:
            draw_silence_mark(frame.painting, (left, frame.bottom - 4), right - left)


def draw_silence_mark(painting: Painting, at: Point, width: float) -> None:
    """A row of short strokes, so wide."""
    x, y = at
    painting.line((x, y), (x + width, y), stroke=SOFT, width=6, dash="1.2 3")


def draw_week_means(frame: Frame, report: TrendReport) -> None:
    """The mean of a week, where a form is answered every day."""
    found = [(frame.x(day.toordinal()), frame.y(float(value))) for day, value in week_means(report)]
    if len(found) > 1:
        frame.painting.path(polyline(found), stroke=ACCENT, width=1.2, dash=WEEK_DASH)


def _draw_numbers(frame: Frame, report: TrendReport, places: list[float]) -> None:
    """Numbers within the course where there is room: first those that begin a course, then the
    last, then the others.
    """
    last = len(places) - 1
    first = [place for place, one in enumerate(report.sessions) if one.number == 1]
    taken: list[tuple[float, float]] = []
    for index in dict.fromkeys([*first, *([last] if places else []), *range(len(places))]):
        words, x = str(report.sessions[index].number), places[index]
        half = width_of(words, 10.5) / 2 + 2
        if all(x + half <= left or x - half >= right for left, right in taken):
            taken.append((x - half, x + half))
            at = (x, frame.top - 18)
            frame.painting.text(at, words, size=10.5, anchor="middle", bold=True)


def _draw_doses(frame: Frame, report: TrendReport, places: list[float]) -> None:
    """The dose at the first session and wherever it changes, as far as there is room."""
    before, free_from, given = "", _NAMES + 24, False
    for one, x in zip(report.sessions, places, strict=True):
        dose = dose_words(one.session)
        half = width_of(dose, 10) / 2
        if dose and dose != before and x - half >= free_from:
            frame.painting.text((x, frame.top - 7), dose, size=10, anchor="middle")
            before, free_from, given = dose, x + half + 4, True
    if given:
        frame.painting.text((_NAMES, frame.top - 7), "dose", size=10, colour=SOFT)


def draw_item9(frame: Frame, report: TrendReport) -> None:
    """Days on which item 9 was 1, 2 or 3, one row for each below the plot, the worst on top."""
    top = frame.bottom + 4
    paint = frame.painting
    paint.text((frame.left - 20, top + 24), "item 9", size=10, anchor="end", colour=SOFT)
    for answer, mark in symbols.ITEM9.items():
        y = top + _ITEM9_ROW * (3.5 - answer) - 1
        paint.text((frame.left - 7, y + 4), str(answer), size=10.5, anchor="end")
        paint.line((frame.left, y), (frame.right, y), stroke=FAINT, width=0.5)
        days = [on for on, highest in report.item9_days.items() if highest == answer]
        mark.draw(paint, [(ordinal_x(frame, day), y) for day in days])


def draw_relapses(frame: Frame, report: TrendReport) -> None:
    """A cross with its day where each relapse was found, near the top of the plot."""
    for one in report.figures.treatment.relapses:
        if frame.x.low <= one.on.toordinal() <= frame.x.high:
            _draw_relapse(frame, one.on)


def _draw_relapse(frame: Frame, on: date) -> None:
    x, y = ordinal_x(frame, on), frame.top + 12
    words = f"relapse {day_words(on)}"
    width = width_of(words, 11)
    left = x + 9 if x + width + 14 < frame.right else x - width - 9
    frame.painting.line((x, frame.top), (x, frame.bottom), stroke=ACCENT, width=1.4)
    frame.painting.rect((left - 2, y - 8), (0.94 * width + 4, 15), PAPER)
    frame.painting.text((left, y + 4), words, size=11, colour=ACCENT, bold=True)
    draw_relapse_mark(frame.painting, (x, y))


def draw_relapse_mark(painting: Painting, at: Point) -> None:
    """The cross of a relapse."""
    data = symbols.RELAPSE.shape(at, symbols.RELAPSE.radius)
    painting.path(data, stroke=ACCENT, width=2.4)


def draw_session_mark(painting: Painting, at: Point) -> None:
    """A piece of the line of a session."""
    x, y = at
    painting.line((x, y - 7), (x, y + 7), stroke=INK, width=1, dash=_DASH)
