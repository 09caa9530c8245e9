"""The trend of one instrument as a picture: what she answered, day by day, between treatments."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Final

from services.reports.drawing import symbols
from services.reports.drawing.frame import Frame, point_ticks
from services.reports.drawing.numbers import longest_step
from services.reports.drawing.paint import LINE, SOFT, Painting, Point, dots
from services.reports.drawing.scales import Scale, date_ticks
from services.reports.drawing.words import (
    NOT_SAFE,
    counted,
    day_words,
    highest_total,
    item9_words,
    number_words,
    title_of,
)
from services.reports.pictures.captions import (
    ROW,
    Entry,
    draw_footing,
    draw_legend,
    footing,
    heading,
    legend_rows,
)
from services.reports.pictures.reading import Json, Report, read_report
from services.reports.pictures.trend_lines import (
    BAND_ROOM,
    REFERENCE_ROOM,
    bands_of,
    draw_bands,
    draw_references,
    draw_series,
    runs,
)
from services.reports.pictures.trend_marks import (
    ITEM9_ROOM,
    SESSION_ROOM,
    draw_item9,
    draw_relapse,
    draw_relapse_mark,
    draw_session_mark,
    draw_sessions,
)

_LEFT: Final = 66.0
_TICK_ROOM: Final = 62.0  # px that the words of one tick of the time axis need
_HEADING: Final = 56.0


def trend_svg(
    document: Json,
    *,
    width: int = 960,
    height: int = 500,
    title: str = "",
    first: date | None = None,
    last: date | None = None,
) -> str:
    """The trend JSON as SVG of so many px (at least about 600 by 380 to be readable).

    `title` is printed before the instrument's: the only way for a name to get into the picture.
    `first` and `last` bound the time axis, as `from` and `to` bound the report.
    """
    report = read_report(document).between(first, last)
    return draw_trend(report, (width, height), title, (first, last)).svg()


def draw_trend(
    report: Report,
    size: tuple[float, float],
    title: str = "",
    bounds: tuple[date | None, date | None] = (None, None),
    *,
    alone: bool = True,
) -> Painting:
    """The picture, not yet written; one that does not stand `alone` leaves the cut to its page."""
    instrument = title_of(report.instrument)
    named = f"{title} · {instrument}" if title else instrument
    painting = Painting(*size, title=named, description=describe(report))
    span = _span(report, bounds)
    heading(painting, _under(report, span, is_bounded=any(bounds)), 16)
    entries = legend_rows(list(_legend(report)), size[0] - 32)
    foot = footing(report, size[0] - 32, alone=alone)
    below = size[1] - 16 - 13 * len(foot) - ROW * len(entries)
    frame = _frame(painting, report, span, below - 26)
    _draw_days(frame, report, span)
    draw_legend(painting, entries, (16, below))
    draw_footing(painting, foot, 16)
    return painting


def describe(report: Report) -> str:
    """The picture in words, for those who do not see it."""
    values = report.values
    if not values:
        return "No complete answer in this report."
    numbers = [day.value for day in values if day.value is not None]
    gaps = len(runs(values, longest_step(report.instrument))) - 1
    said = [
        f"{counted(len(values), 'day value')} from {day_words(values[0].day)} to"
        f" {day_words(values[-1].day)}, lowest {number_words(min(numbers))}, highest"
        f" {number_words(max(numbers))}, last {number_words(numbers[-1])} points.",
        f"Baseline {number_words(report.baseline)}.",
        f"{counted(len(report.sessions), 'session')}.",
        f"The line is broken by {counted(gaps, 'gap')} of missing answers.",
    ]
    risky = [day for day in report.days if day.q9]
    if item9_words(report.instrument):
        said.append(f"Item 9 was 1 or more on {counted(len(risky), 'day')}. {NOT_SAFE}")
    if report.relapse_on:
        said.append(f"Relapse on {day_words(report.relapse_on)}.")
    return " ".join(said)


def _span(report: Report, bounds: tuple[date | None, date | None]) -> tuple[date, date] | None:
    known = report.span
    if known is None:
        return None
    first, last = bounds[0] or known[0], bounds[1] or known[1]
    return (first, last) if first <= last else known


def _under(report: Report, span: tuple[date, date] | None, *, is_bounded: bool) -> str:
    if span is None:
        return "Nothing answered on the days asked for" if is_bounded else "Nothing answered yet"
    days = (span[1] - span[0]).days + 1
    return (
        f"{day_words(span[0])} – {day_words(span[1])}  ·  {len(report.values)} of"
        f" {counted(days, 'mood day')} with a value  ·  a mood day starts at 04:00,"
        f" {report.timezone}"
    )


def _frame(
    painting: Painting, report: Report, span: tuple[date, date] | None, bottom: float
) -> Frame:
    """The plotting area above `bottom`, with as much room around it as this report needs."""
    first, last = (day.toordinal() for day in span) if span else (0, 1)
    margin = max(0.5, (last - first) * 0.012)
    banded = bands_of(report.instrument)
    right = painting.width - REFERENCE_ROOM - (BAND_ROOM if banded else 12)
    top = _HEADING + (SESSION_ROOM if report.sessions else 0)
    base = bottom - (ITEM9_ROOM if item9_words(report.instrument) else 0)
    highest = highest_total(report.instrument)
    return Frame(
        painting,
        Scale(first - margin, last + margin, _LEFT, right),
        Scale(-0.5, highest + 0.5, base, top),
    )


def _draw_days(frame: Frame, report: Report, span: tuple[date, date] | None) -> None:
    bands = bands_of(report.instrument)
    highest = highest_total(report.instrument)
    draw_bands(frame, report.instrument)
    ticks = point_ticks(highest, [band.low for band in bands])
    frame.value_axis(ticks, f"points (0–{highest})")
    draw_references(frame, report)
    draw_sessions(frame, report)
    draw_series(frame, report)
    draw_relapse(frame, report)
    frame.axes()
    base = frame.bottom
    if item9_words(report.instrument):
        draw_item9(frame, report)
        base += ITEM9_ROOM
    if span:
        _draw_time(frame, span, base)
    if not report.values:
        at = ((frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2)
        words = "No complete answer in this report"
        frame.painting.text(at, words, size=14, anchor="middle", colour=SOFT)


def _draw_time(frame: Frame, span: tuple[date, date], base: float) -> None:
    named = date_ticks(*span, most=int((frame.right - frame.left) / _TICK_ROOM))
    frame.across_axis([(day.toordinal(), words) for day, words in named], at=base)
    frame.painting.text((frame.right + 26, base + 16), "mood day", size=11, colour=SOFT)


def _legend(report: Report) -> Iterator[Entry]:
    step = longest_step(report.instrument)
    yield Entry(f"value of a day; line broken after {step} days without one", _series_mark)
    if report.sessions:
        yield Entry("treatment session, numbered within its course", draw_session_mark)
    if report.relapse_on:
        yield Entry("relapse", draw_relapse_mark)
    if any(day.low is not None for day in report.days):
        yield Entry("range of several answers on a day", _range_mark)
    words = item9_words(report.instrument)
    for answer, mark in symbols.ITEM9.items() if words else ():
        yield Entry(f"item 9: {answer}, {words[answer]}", _drawn(mark))
    if words:
        yield Entry(NOT_SAFE)


def _drawn(mark: symbols.Ring | symbols.Mark) -> Callable[[Painting, Point], None]:
    return lambda painting, at: mark.draw(painting, [at])


def _series_mark(painting: Painting, at: Point) -> None:
    x, y = at
    painting.line((x - 9, y), (x + 9, y), stroke=LINE, width=1.6)
    painting.path(dots([at]), stroke=LINE, width=5, cap="round")


def _range_mark(painting: Painting, at: Point) -> None:
    x, y = at
    painting.line((x, y - 7), (x, y + 7), stroke=LINE, width=0.7)
