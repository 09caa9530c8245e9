"""What happened on the days of the trend picture: sessions, item 9, relapse."""

from __future__ import annotations

from typing import Final

from services.reports.drawing import symbols
from services.reports.drawing.frame import Frame
from services.reports.drawing.labels import width_of
from services.reports.drawing.paint import ACCENT, FAINT, INK, PAPER, SOFT, Painting, Point
from services.reports.drawing.words import day_words, dose_words
from services.reports.pictures.trend_lines import ordinal_x
from services.rules.trend.document import TrendReport

SESSION_ROOM: Final = 32.0  # above the plot: numbers, and below them doses
ITEM9_ROOM: Final = 44.0  # below the plot: one row for each answer of 1, 2, 3
_ITEM9_ROW: Final = 13.0
_APART: Final = 8.0
_DASH: Final = "5 2 1 2"
_NAMES: Final = 24.0  # where the names of the rows begin


def draw_sessions(frame: Frame, report: TrendReport) -> None:
    """A dashed line down for each session; its number above, and the dose where it changes.

    Where lines would stand too close to see what is between them, only their upper ends are drawn.
    """
    places = [ordinal_x(frame, one.day) for one in report.sessions]
    crowded = bool(places) and (frame.right - frame.left) / len(places) < _APART
    end = frame.top + 7 if crowded else frame.bottom
    for x in places:
        frame.painting.line((x, frame.top - 4), (x, end), stroke=SOFT, width=0.9, dash=_DASH)
    _draw_numbers(frame, report, places)
    if places:
        frame.painting.text((_NAMES, frame.top - 18), "session", size=10, colour=SOFT)
    _draw_doses(frame, report, places)


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
        days = [row.mood_day for row in report.figures.series if row.q9_max == answer]
        mark.draw(paint, [(ordinal_x(frame, day), y) for day in days])


def draw_relapse(frame: Frame, report: TrendReport) -> None:
    """A cross with its day where a relapse was found, near the top of the plot."""
    relapse = report.figures.treatment.relapse
    if relapse is None or not frame.x.low <= relapse.on.toordinal() <= frame.x.high:
        return
    on = relapse.on
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
