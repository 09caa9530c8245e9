"""All sessions laid over each other: what happens in the days after a treatment?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import median
from typing import Final

from services.reports.drawing.axes import Frame, Scale, point_ticks
from services.reports.drawing.numbers import DRAWING, longest_step
from services.reports.drawing.paint import FAINT, INK, LINE, SOFT, Painting, Point, dots, polyline
from services.reports.drawing.symbols import diamond
from services.reports.drawing.words import (
    counted,
    highest_total,
    number_words,
    points_words,
    title_of,
    validation_words,
)
from services.reports.pictures.captions import Captions, LegendEntry, heading, line_sample
from services.reports.pictures.trend_layers import runs
from services.rules.statistics import as_number
from services.rules.trend.document import TrendReport
from services.rules.trend.treatment import SessionFigures

_LEFT: Final = 66.0
_RIGHT: Final = 26.0
NO_SESSION: Final = "No treatment session in this report"
NO_VALUE: Final = "No complete answer after a treatment session"


@dataclass(frozen=True, slots=True)
class After:
    """What followed one session: (days since, points), until the next session or the end.

    `before` is the level before it; `cut_short`: the next session came within the picture.
    """

    session: SessionFigures
    before: float | None
    points: tuple[tuple[int, float], ...]
    cut_short: bool


def overlay_svg(
    report: TrendReport, *, width: int = 640, height: int = 420, title: str = ""
) -> str:
    """The report's sessions as SVG: points of the instrument by days since treatment."""
    return draw_overlay(report, (width, height), title).svg()


def draw_overlay(
    report: TrendReport, size: tuple[float, float], title: str = "", *, alone: bool = True
) -> Painting:
    """The picture, not yet written; one that does not stand `alone` leaves the cut to its page."""
    followed = after_sessions(report)
    least = report.numbers.figures.session.median_min_sessions
    middle = medians(followed, least)
    named = "Days after each treatment session"
    painting = Painting(
        *size,
        title=f"{title} · {named}" if title else named,
        description=f"{_describe(followed, middle)} {validation_words(report.instrument)}".strip(),
    )
    heading(painting, f"{title_of(report.instrument)}  ·  n = {_n(followed)}")
    captions = Captions(painting, report, _legend(followed, least), alone=alone)
    highest = highest_total(report.instrument)
    frame = Frame(
        painting,
        Scale(-0.5, DRAWING.overlay_days + 0.5, _LEFT, size[0] - _RIGHT),
        Scale(-0.5, highest + 0.5, captions.top - 58, 58),
    )
    frame.value_axis(point_ticks(highest, []), points_words(report.instrument))
    _draw_days(frame, followed)
    frame.axes()
    _draw_all(frame, followed, middle, longest_step(report.instrument, report.numbers))
    captions.draw()
    return painting


def after_sessions(report: TrendReport) -> list[After]:
    """What followed each session: the days after it, before the next one and up to day 28.

    The day of a session tells of before and after it alike, so it belongs to neither.
    """
    days = [one.day for one in report.sessions]
    values = {value.day: as_number(value.value) for value in report.values}
    found = []
    for place, one in enumerate(report.sessions):
        following = next((day for day in days[place + 1 :] if day > one.day), None)
        end = one.day + timedelta(days=DRAWING.overlay_days + 1)
        stop = min(following, end) if following else end
        points = tuple(
            (offset, values[day])
            for offset in range(1, (stop - one.day).days)
            if (day := one.day + timedelta(days=offset)) in values
        )
        pre = one.effect.pre
        before = None if pre is None else as_number(pre)
        found.append(After(one, before, points, following is not None and following < end))
    return found


def medians(followed: Sequence[After], least: int) -> list[tuple[int, float]]:
    """The median of the sessions with a value on each day since treatment, from `least` on."""
    by_day: dict[int, list[float]] = {}
    for one in followed:
        for offset, value in one.points:
            by_day.setdefault(offset, []).append(value)
    return [
        (offset, median(values))
        for offset, values in sorted(by_day.items())
        if len(values) >= least
    ]


def _draw_all(
    frame: Frame, followed: Sequence[After], middle: Sequence[tuple[int, float]], step: int
) -> None:
    if not any(one.points for one in followed):
        frame.note(NO_VALUE if followed else NO_SESSION, 13)
        return
    for one in followed[:-1]:
        _draw_one(frame, one, step, FAINT, 1)
    frame.painting.path(_broken(frame, middle, step), stroke=INK, width=3.2, dash="9 3")
    _draw_one(frame, followed[-1], step, LINE, 2, dotted=True)
    ends = [
        (frame.x(one.points[-1][0]), frame.y(one.points[-1][1]))
        for one in followed
        if one.points and one.cut_short
    ]
    for end in ends:
        _draw_censored(frame.painting, end)


def _draw_one(
    frame: Frame, one: After, step: int, colour: str, width: float, *, dotted: bool = False
) -> None:
    places = [(frame.x(offset), frame.y(value)) for offset, value in one.points]
    frame.painting.path(_broken(frame, one.points, step), stroke=colour, width=width)
    if dotted or len(places) == 1:
        frame.painting.path(dots(places), stroke=colour, width=6 if dotted else 3.5, cap="round")
    if one.before is not None:
        shape = diamond((frame.x(0), frame.y(one.before)), 4)
        frame.painting.path(shape, stroke=colour, width=1.3, fill="#ffffff")


def _broken(frame: Frame, points: Sequence[tuple[int, float]], step: int) -> str:
    """Path data of a line that is broken where days are missing."""
    return "".join(
        polyline([(frame.x(offset), frame.y(value)) for offset, value in piece])
        for piece in runs(points, step, lambda point: point[0])
        if len(piece) > 1
    )


def _draw_days(frame: Frame, followed: Sequence[After]) -> None:
    days = range(0, DRAWING.overlay_days + 1, 7)
    frame.across_axis([(day, str(day)) for day in days])
    middle = (frame.left + frame.right) / 2, frame.bottom + 31
    frame.painting.text(middle, "days since treatment", size=11, anchor="middle", colour=SOFT)
    y = frame.bottom + 48
    frame.painting.text((16, y), "sessions", size=10, colour=SOFT)
    there = Counter(offset for one in followed for offset, _ in one.points)
    for day, number in sorted(there.items()):
        frame.painting.text((frame.x(day), y), str(number), size=9, anchor="middle")


def _draw_censored(painting: Painting, at: Point) -> None:
    x, y = at
    painting.line((x, y - 5), (x, y + 5), stroke=SOFT, width=1.2)


def _n(followed: Sequence[After]) -> str:
    return counted(sum(bool(one.points) for one in followed), "session")


def _legend(followed: Sequence[After], least: int) -> Iterator[LegendEntry]:
    yield LegendEntry("one session", line_sample(FAINT, 1))
    if followed:
        number = followed[-1].session.number
        yield LegendEntry(f"the latest, number {number}", line_sample(LINE, 2))
    yield LegendEntry(f"median of at least {least}", line_sample(INK, 3.2, "9 3"))
    if any(one.before is not None for one in followed):
        yield LegendEntry("level before it", _before_mark)
    if any(one.cut_short for one in followed):
        yield LegendEntry("next session came (censored)", _draw_censored)


def _before_mark(painting: Painting, at: Point) -> None:
    painting.path(diamond(at, 4), stroke=LINE, width=1.3, fill="#ffffff")


def _describe(followed: Sequence[After], middle: Sequence[tuple[int, float]]) -> str:
    if not any(one.points for one in followed):
        return f"{NO_VALUE if followed else NO_SESSION}."
    sentences = [f"{_n(followed)} with answers in the {DRAWING.overlay_days} days after."]
    sentences += [
        f"Median on day {day}: {number_words(value)} points."
        for day, value in middle
        if day % 7 == 0 or day == 1
    ]
    return " ".join(sentences)
