"""The trend as a drawing in the page: shares of the width across, pixels down, colours by class.

So it is as wide as the screen and its words keep their size: what is stretched stands in a drawing
of its own, whose lines keep their width.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from api.console.patient.chart_lanes import LANE, SignRow, lanes_of
from api.console.patient.chart_rows import BesideValues, ChartDay, beside, days_of
from services.overview.patient import Content
from services.reports.drawing.axes import Scale, date_ticks, point_ticks
from services.reports.drawing.numbers import longest_step
from services.reports.drawing.paint import apart, clean, dots, polyline, short
from services.reports.drawing.words import counted, highest_total, plain
from services.reports.pictures.trend_layers import (
    bands_of,
    by_course,
    course_words,
    references,
    runs_of,
    silences,
)
from services.reports.pictures.week_means import week_means
from services.rules.trend.document import TrendReport

TOP: Final = 46.0  # above the plot: phase and route, below them the numbers of the sessions
PLOT: Final = 232.0
FOOT: Final = 26.0
WIDE: Final = 1000.0  # of the drawing that is stretched
_TICKS: Final = 9
_NUMBERED: Final = 26  # sessions that can still be told apart by their numbers
_LABEL_GAP: Final = 13.0
_DOTTED: Final = 200  # values whose dots do not yet run together


@dataclass(frozen=True, slots=True)
class Chart:
    """`axis` and `plot`: SVG of the same height; `days`: the rows of the table, with `places` (per
    mille of the width, and px down where there is a value).
    """

    axis: str
    plot: str
    height: int
    days: Sequence[ChartDay]
    places: Sequence[tuple[str, str]]
    legend: Sequence[tuple[str, str, str]]
    span: tuple[date, date]


def draw_chart(content: Content, span: tuple[date, date]) -> Chart:
    """The chart of these days."""
    around = beside(content, *span)
    days = list(days_of(content, around, *span))
    return _TrendDrawing(content, span, around, days).chart()


class _TrendDrawing:
    """One chart being drawn."""

    def __init__(
        self,
        content: Content,
        span: tuple[date, date],
        around: BesideValues,
        days: Sequence[ChartDay],
    ) -> None:
        self.report: TrendReport = content.report
        self.span, self.days, self.around = span, days, around
        first, last = span[0].toordinal(), span[1].toordinal()
        margin = max(0.5, (last - first) * 0.015)
        self.x = Scale(first - margin, last + margin, 0, 100)
        highest = highest_total(self.report.instrument)
        self.y = Scale(-0.5, highest + 0.5, TOP + PLOT, TOP)
        self.lanes: list[SignRow] = lanes_of(around)
        self.base = TOP + PLOT
        self.height = self.base + LANE * len(self.lanes) + FOOT

    def chart(self) -> Chart:
        """All of it."""
        parts = [
            *self._bands(),
            *self._silence(),
            *self._grid(),
            *self._sessions(),
            *self._references(),
            self._curves(),
            *self._lane_marks(),
            *self._time(),
        ]
        return Chart(
            axis=f'<svg class="chart-axis" height="{short(self.height)}" width="58"'
            f' aria-hidden="true">{"".join(self._axis())}</svg>',
            plot=f'<svg class="chart-plot" height="{short(self.height)}" width="100%"'
            f' aria-hidden="true">{"".join(parts)}{self._cursor()}</svg>',
            height=int(self.height),
            days=self.days,
            places=[
                (
                    short(10 * self._x(day.on)),
                    "" if day.value is None else short(self.y(day.value)),
                )
                for day in self.days
            ],
            legend=list(self._legend()),
            span=self.span,
        )

    def _x(self, day: date) -> float:
        return self.x(day.toordinal())

    def _axis(self) -> Iterator[str]:
        bands = [band.low for band in bands_of(self.report.instrument)]
        for value, label in point_ticks(highest_total(self.report.instrument), bands):
            yield _text(f'x="50" y="{short(self.y(value) + 4)}" text-anchor="end"', label)
        for place, lane in enumerate(self.lanes):
            y = self.base + LANE * (place + 0.5) + 4
            yield _text(f'x="50" y="{short(y)}" text-anchor="end" class="soft"', lane.name)
        yield _text(f'x="50" y="{short(TOP - 8)}" text-anchor="end" class="soft"', "session")

    def _bands(self) -> Iterator[str]:
        """Severity, without a gap between two bands, named within."""
        for place, band in enumerate(bands_of(self.report.instrument)):
            top, bottom = self.y(band.high + 0.5), self.y(band.low - 0.5)
            yield (
                f'<rect class="band band-{place}" x="0" width="100%" y="{short(top)}"'
                f' height="{short(bottom - top)}"/>'
            )
            y = short((top + bottom) / 2 + 4)
            yield _text(f'x="6" y="{y}" class="band-name"', plain(band.name))

    def _silence(self) -> Iterator[str]:
        """Where the line is broken."""
        for since, until in silences(self.report, self.span[1]):
            x, width = self._x(since), self._x(until) - self._x(since)
            silent = counted((until - since).days, "day")
            yield (
                f'<rect class="silence" x="{short(x)}%" width="{short(width)}%" y="{short(TOP)}"'
                f' height="{short(PLOT)}"><title>no value for {silent}</title></rect>'
            )

    def _grid(self) -> Iterator[str]:
        bands = [band.low for band in bands_of(self.report.instrument)]
        for value, _ in point_ticks(highest_total(self.report.instrument), bands):
            yield _across(self.y(value), "grid")
        for place in range(len(self.lanes)):
            yield _across(self.base + LANE * (place + 0.5), "lane")
        yield _across(self.base, "base")

    def _sessions(self) -> Iterator[str]:
        sessions = self.report.sessions
        numbered = len(sessions) <= _NUMBERED
        for place, one in enumerate(sessions):
            x = short(self._x(one.day))
            end = self.base if numbered else TOP + 8
            yield (
                f'<line class="session" x1="{x}%" x2="{x}%" y1="{short(TOP - 4)}"'
                f' y2="{short(end)}"/>'
            )
            if numbered or one.number == 1 or place == len(sessions) - 1:
                many = " many" if len(sessions) > 10 and one.number != 1 else ""
                at = f'x="{x}%" y="{short(TOP - 8)}" text-anchor="middle" class="number{many}"'
                yield _text(at, str(one.number))
        yield from self._phases()

    def _phases(self) -> Iterator[str]:
        """From the first to the last session of each course that is shown, with what is given."""
        phases = {one.id: one.phase for one in self.report.courses}
        free_from = -1.0
        for found in by_course(self.report):
            x, end = self._x(found[0].day), self._x(found[-1].day)
            phase = phases.get(found[0].session.course_id, "")
            yield (
                f'<rect class="phase {phase}" x="{short(x)}%" y="3" height="4"'
                f' width="{short(max(0.6, end - x))}%"/>'
            )
            if x >= free_from:
                anchor = ' text-anchor="end"' if x > 75 else ""
                at = f'x="{short(x)}%" y="20"{anchor}'
                yield _text(f'{at} class="soft full"', course_words(phase, found[0]))
                yield _text(f'{at} class="soft brief"', phase)
                free_from = x + 24

    def _references(self) -> Iterator[str]:
        found = list(references(self.report))
        wanted = [self.y(value) for value, _, _ in found]
        placed = apart([y - 4 for y in wanted], _LABEL_GAP, TOP + 10, self.base - 4)
        for (_, words, dash), y, label in zip(found, wanted, placed, strict=True):
            yield (
                f'<line class="reference" x1="0" x2="100%" y1="{short(y)}" y2="{short(y)}"'
                f' stroke-dasharray="{dash}"/>'
            )
            yield _text(
                f'x="100%" dx="-6" y="{short(label)}" text-anchor="end" class="halo"', words
            )

    def _curves(self) -> str:
        """What is stretched: lines and dots, as wide as they are on any screen."""
        values = self.report.values
        lines = "".join(
            polyline([self._wide(one.day, float(one.value)) for one in run])
            for run in runs_of(self.report)
            if len(run) > 1
        )
        mean = [self._wide(day, float(value)) for day, value in week_means(self.report)]
        alone = [run[0] for run in runs_of(self.report) if len(run) == 1]
        dotted = values if len(values) <= _DOTTED else alone
        places = dots([self._wide(one.day, float(one.value)) for one in dotted])
        ranges = "".join(
            polyline([self._wide(day, low), self._wide(day, high)])
            for day, (low, high) in self.report.figures.ranges.items()
            if low < high and self.span[0] <= day <= self.span[1]
        )
        week = polyline(mean) if len(mean) > 1 else ""
        drawn = (("week", week), ("range", ranges), ("value", lines), ("dots", places))
        paths = "".join(f'<path class="{name}" d="{data}"/>' for name, data in drawn if data)
        return (
            f'<svg x="0" y="0" width="100%" height="{short(self.height)}"'
            f' viewBox="0 0 {short(WIDE)} {short(self.height)}" preserveAspectRatio="none">'
            f"{paths}</svg>"
        )

    def _wide(self, day: date, value: float) -> tuple[float, float]:
        return self._x(day) * WIDE / 100, self.y(value)

    def _lane_marks(self) -> Iterator[str]:
        for place, lane in enumerate(self.lanes):
            y = self.base + LANE * (place + 0.5)
            for mark in lane.marks:
                x = short(self._x(mark.on))
                at = f'x="{x}%" y="{short(y + 4)}" text-anchor="middle" class="mark {mark.tone}"'
                yield f"<text {at}>{clean(mark.sign)}<title>{clean(mark.words)}</title></text>"
        for lost in self.report.figures.treatment.relapses:
            if self.span[0] <= lost.on <= self.span[1]:
                x = short(self._x(lost.on))
                yield (
                    f'<line class="relapse" x1="{x}%" x2="{x}%" y1="{short(TOP)}"'
                    f' y2="{short(self.base)}"/>'
                )
                side = 'dx="-5" text-anchor="end"' if self._x(lost.on) > 75 else 'dx="5"'
                at = f'x="{x}%" {side} y="{short(TOP + 12)}" class="halo relapse-name"'
                yield _text(at, "relapse")

    def _time(self) -> Iterator[str]:
        """Every second day stands aside where the screen is narrow."""
        for place, (day, words) in enumerate(date_ticks(*self.span, most=_TICKS)):
            x = self._x(day)
            rare = ' class="rare"' if place % 3 else ""
            anchor = "start" if x < 4 else "end" if x > 96 else "middle"
            y = short(self.height - 8)
            top = self.height - FOOT
            yield (
                f'<line class="tick" x1="{short(x)}%" x2="{short(x)}%" y1="{short(top)}"'
                f' y2="{short(top + 5)}"/>'
            )
            yield _text(f'x="{short(x)}%" y="{y}" text-anchor="{anchor}"{rare}', words)

    def _cursor(self) -> str:
        """Where the read-out stands; the script moves it."""
        return (
            f'<g class="cursor" visibility="hidden"><line x1="0" x2="0" y1="{short(TOP)}"'
            f' y2="{short(self.height - FOOT)}"/><circle cx="0" cy="0" r="5.5"/></g>'
        )

    def _legend(self) -> Iterator[tuple[str, str, str]]:
        """Of what is drawn only: (class of its sample, its sign, words)."""
        if self.report.values:
            step = longest_step(self.report.instrument, self.report.numbers)
            yield "value", "", f"value of a day; broken after {counted(step, 'day')} without one"
        if len(week_means(self.report)) > 1:
            yield "week", "", f"{self.report.numbers.figures.windows.mean_days}-day mean"
        if self.report.sessions:
            yield "session", "", "session, numbered within its course"
        if any(True for _ in self._silence()):
            yield "silence", "", "nothing answered"
        if self.report.figures.treatment.relapses:
            yield "relapse", "", "relapse"
        yield from (("sign", lane.signs, lane.legend) for lane in self.lanes)


def _text(attributes: str, words: str) -> str:
    return f"<text {attributes}>{clean(words)}</text>"


def _across(y: float, name: str) -> str:
    return f'<line class="{name}" x1="0" x2="100%" y1="{short(y)}" y2="{short(y)}"/>'
