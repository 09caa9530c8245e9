"""The trend of one instrument as a picture: what was answered, day by day, between treatments."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Final

from services.reports.drawing import symbols
from services.reports.drawing.axes import Frame, Scale, date_ticks, point_ticks
from services.reports.drawing.numbers import longest_step
from services.reports.drawing.paint import ACCENT, LINE, SOFT, Painting, Point, dots
from services.reports.drawing.words import (
    NOT_SAFE,
    counted,
    day_words,
    highest_total,
    item9_words,
    listed,
    number_words,
    points_words,
    title_of,
    validation_words,
)
from services.reports.pictures.captions import (
    Captions,
    LegendEntry,
    Mark,
    heading,
    line_sample,
)
from services.reports.pictures.trend_layers import (
    ITEM9_ROOM,
    REFERENCE_ROOM,
    SESSION_ROOM,
    WEEK_DASH,
    bands_of,
    draw_bands,
    draw_item9,
    draw_references,
    draw_relapse_mark,
    draw_relapses,
    draw_series,
    draw_session_mark,
    draw_sessions,
    draw_silence_mark,
    draw_silences,
    draw_week_means,
    runs_of,
    silences,
)
from services.reports.pictures.week_means import week_means
from services.rules.mood_days import DAY_STARTS_AT
from services.rules.trend.document import TrendReport

_LEFT: Final = 66.0
_TICK_ROOM: Final = 62.0  # px that the words of one tick of the time axis need
_HEADING: Final = 56.0


def trend_svg(report: TrendReport, *, width: int = 960, height: int = 500, title: str = "") -> str:
    """The report as SVG of so many px (at least about 600 by 380 to be readable).

    `title` is printed before the instrument's: the only way for a name to get into the picture.
    """
    return draw_trend(report, (width, height), title).svg()


def draw_trend(
    report: TrendReport, size: tuple[float, float], title: str = "", *, alone: bool = True
) -> Painting:
    """The picture, not yet written; one that does not stand `alone` leaves the cut to its page."""
    instrument = title_of(report.instrument)
    named = f"{title} · {instrument}" if title else instrument
    painting = Painting(*size, title=named, description=describe(report))
    span = _span(report)
    heading(painting, _under(report, span))
    captions = Captions(painting, report, _legend(report, span), alone=alone)
    _draw_days(_frame(painting, report, span, captions.top - 26), report, span)
    captions.draw()
    return painting


def describe(report: TrendReport) -> str:
    """The picture in words, for those who do not see it."""
    values = report.values
    if not values:
        return "No complete answer in this report."
    numbers = [day.value for day in values]
    gaps = len(runs_of(report)) - 1
    sentences = [
        f"{counted(len(values), 'day value')} from {day_words(values[0].day)} to"
        f" {day_words(values[-1].day)}, lowest {number_words(min(numbers))}, highest"
        f" {number_words(max(numbers))}, last {number_words(numbers[-1])} points.",
        f"Baseline {number_words(report.figures.baseline.value)}.",
        f"{counted(len(report.sessions), 'session')}.",
        f"The line is broken by {counted(gaps, 'gap')} of missing answers.",
    ]
    if item9_words(report.instrument):
        risky = sum(map(bool, report.item9_days.values()))
        sentences.append(f"Item 9 was 1 or more on {counted(risky, 'day')}. {NOT_SAFE}")
    if relapses := report.figures.treatment.relapses:
        sentences.append(f"Relapse on {listed(day_words(one.on) for one in relapses)}.")
    return " ".join(filter(None, [*sentences, validation_words(report.instrument)]))


def _span(report: TrendReport) -> tuple[date, date] | None:
    """The days of the axis: as asked for, where something is known of them."""
    known = report.span
    if known is None:
        return None
    first, last = report.from_day or known[0], report.to_day or known[1]
    return (first, last) if first <= last else known


def _under(report: TrendReport, span: tuple[date, date] | None) -> str:
    if span is None:
        is_bounded = report.from_day or report.to_day
        return "Nothing answered on the days asked for" if is_bounded else "Nothing answered yet"
    days = (span[1] - span[0]).days + 1
    return (
        f"{day_words(span[0])} – {day_words(span[1])}  ·  {len(report.values)} of"
        f" {counted(days, 'mood day')} with a value  ·  a mood day starts at {DAY_STARTS_AT:%H:%M},"
        f" {report.timezone}"
    )


def _frame(
    painting: Painting, report: TrendReport, span: tuple[date, date] | None, bottom: float
) -> Frame:
    """The plotting area above `bottom`, with as much room around it as this report needs."""
    first, last = (day.toordinal() for day in span) if span else (0, 1)
    margin = max(0.5, (last - first) * 0.012)
    right = painting.width - REFERENCE_ROOM - 12
    top = _HEADING + (SESSION_ROOM if report.sessions else 0)
    base = bottom - (ITEM9_ROOM if item9_words(report.instrument) else 0)
    highest = highest_total(report.instrument)
    return Frame(
        painting,
        Scale(first - margin, last + margin, _LEFT, right),
        Scale(-0.5, highest + 0.5, base, top),
    )


def _draw_days(frame: Frame, report: TrendReport, span: tuple[date, date] | None) -> None:
    bands = bands_of(report.instrument)
    highest = highest_total(report.instrument)
    draw_bands(frame, report.instrument)
    ticks = point_ticks(highest, [band.low for band in bands])
    frame.value_axis(ticks, points_words(report.instrument))
    draw_references(frame, report)
    draw_sessions(frame, report)
    if span:
        draw_silences(frame, report, span[1])
    draw_week_means(frame, report)
    draw_series(frame, report)
    draw_relapses(frame, report)
    frame.axes()
    base = frame.bottom
    if item9_words(report.instrument):
        draw_item9(frame, report)
        base += ITEM9_ROOM
    if span:
        _draw_time(frame, span, base)
    if not report.values:
        frame.note("No complete answer in this report", 14)


def _draw_time(frame: Frame, span: tuple[date, date], base: float) -> None:
    named = date_ticks(*span, most=int((frame.right - frame.left) / _TICK_ROOM))
    frame.across_axis([(day.toordinal(), words) for day, words in named], at=base)
    frame.painting.text((frame.right + 26, base + 16), "mood day", size=11, colour=SOFT)


def _legend(report: TrendReport, span: tuple[date, date] | None) -> Iterator[LegendEntry]:
    """Of what is drawn, and of nothing else."""
    step = longest_step(report.instrument, report.numbers)
    if report.values:
        yield LegendEntry(
            f"value of a day; line broken after {step} days without one", _series_mark
        )
    if len(week_means(report)) > 1:
        days = report.numbers.figures.windows.mean_days
        yield LegendEntry(f"{days}-day mean", line_sample(ACCENT, 1.2, WEEK_DASH))
    if span and silences(report, span[1]):
        yield LegendEntry("nothing answered", _silence_mark)
    if report.sessions:
        yield LegendEntry("treatment session, numbered within its course", draw_session_mark)
    if _shows_relapse(report, span):
        yield LegendEntry("relapse", draw_relapse_mark)
    if report.figures.ranges:
        yield LegendEntry("range of several answers on a day", _range_mark)
    words = item9_words(report.instrument)
    seen = set(report.item9_days.values())
    for answer, mark in symbols.ITEM9.items() if words else ():
        if answer in seen:
            yield LegendEntry(f"item 9: {answer}, {words[answer]}", _drawn(mark))
    if words:
        yield LegendEntry(NOT_SAFE)


def _shows_relapse(report: TrendReport, span: tuple[date, date] | None) -> bool:
    found = report.figures.treatment.relapses
    return span is not None and any(span[0] <= one.on <= span[1] for one in found)


def _drawn(mark: symbols.Ring | symbols.Symbol) -> Mark:
    return lambda painting, at: mark.draw(painting, [at])


def _series_mark(painting: Painting, at: Point) -> None:
    x, y = at
    painting.line((x - 9, y), (x + 9, y), stroke=LINE, width=1.6)
    painting.path(dots([at]), stroke=LINE, width=5, cap="round")


def _silence_mark(painting: Painting, at: Point) -> None:
    draw_silence_mark(painting, (at[0] - 11, at[1]), 22)


def _range_mark(painting: Painting, at: Point) -> None:
    x, y = at
    painting.line((x, y - 7), (x, y + 7), stroke=LINE, width=0.7)
