"""The last days of a patient as a small picture, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final

from services.reports.drawing.paint import ACCENT, FAINT, LINE, SOFT, Painting, dots, polyline
from services.reports.drawing.words import highest_total, number_words

Recent = Mapping[str, Any]

WIDTH: Final = 288.0  # CSS pixels: fits a phone of 320
HEIGHT: Final = 104.0
_LEFT: Final = 24.0
_TOP: Final = 10.0
_BOTTOM: Final = 62.0
_ITEM9: Final = 80.0
_DATES: Final = 98.0
STRIP_WIDTH: Final = 126.0
STRIP_HEIGHT: Final = 34.0
_STRIP_BOTTOM: Final = 26.0
_STRIP_MARKS: Final = 31.0


def sparkline(recent: Recent) -> tuple[str, str]:
    """SVG that needs no style and no script, and its words. Days without an answer are gaps; under
    a day stands its highest item 9, from 1 on.
    """
    words = in_words(recent)
    highest = highest_total(recent["instrument"])
    painting = Painting(WIDTH, HEIGHT, title="The last 14 days", description=words)
    for value in (0, highest):
        y = _y(value, highest)
        painting.line((_LEFT, y), (WIDTH, y), stroke=FAINT)
        painting.text((_LEFT - 4, y + 4), str(value), size=11, anchor="end", colour=SOFT)
    for run in _runs(recent):
        points = [(_x(day, recent), _y(float(value), highest)) for day, value in run]
        painting.path(polyline(points), stroke=LINE, width=2)
        painting.path(dots(points), stroke=LINE, width=6, cap="round")
    for day in recent["days"]:
        if day["q9_max"]:
            at = (_x(day["mood_day"], recent), _ITEM9)
            painting.text(at, str(day["q9_max"]), anchor="middle", colour=ACCENT, bold=True)
    painting.text((_LEFT, _DATES), _day(recent["from"]), size=11, colour=SOFT)
    painting.text((WIDTH, _DATES), _day(recent["to"]), size=11, anchor="end", colour=SOFT)
    return painting.svg(), words


def in_words(recent: Recent) -> str:
    """What the picture shows, day by day."""
    highest = highest_total(recent["instrument"])
    scored = [each for each in recent["days"] if each["value"] is not None]
    span = f"{_day(recent['from'])} to {_day(recent['to'])}"
    asked = [each for each in recent["days"] if each["q9_max"]]
    item9 = [f"{each['q9_max']} on {_day(each['mood_day'])}" for each in asked]
    stated = [f"{number_words(each['value'])} on {_day(each['mood_day'])}" for each in scored]
    first = f"Daily form, {span}, 0 to {highest}, higher is worse: "
    return (
        first
        + (", ".join(stated) if stated else "no complete answer")
        + "."
        + (f" Item 9 (the numbers below): {', '.join(item9)}." if item9 else "")
    )


def strip(recent: Recent) -> tuple[str, str]:
    """The course alone, as wide as a phone leaves room for, and its words: for a line of a list.
    Days without an answer are gaps; a mark below is a day with an item 9 above 0.
    """
    highest = highest_total(recent["instrument"])
    first: date = recent["from"]
    across = (STRIP_WIDTH - 6) / (recent["to"] - first).days

    def at(day: date, value: float) -> tuple[float, float]:
        return 3 + across * (day - first).days, 3 + (_STRIP_BOTTOM - 3) * (1 - value / highest)

    painting = Painting(STRIP_WIDTH, STRIP_HEIGHT, title="")
    painting.line((0, _STRIP_BOTTOM), (STRIP_WIDTH, _STRIP_BOTTOM), stroke=FAINT)
    for run in _runs(recent):
        points = [at(day, float(value)) for day, value in run]
        painting.path(polyline(points), stroke=LINE, width=1.5)
        painting.path(dots(points), stroke=LINE, width=3, cap="round")
    marked = [(at(each["mood_day"], 0)[0], _STRIP_MARKS) for each in _at_risk(recent)]
    painting.path(dots(marked), stroke=ACCENT, width=4, cap="round")
    return painting.svg(named=False), strip_in_words(recent)


def strip_in_words(recent: Recent) -> str:
    """The same for whoever hears the list: how often, first, highest, last, and item 9."""
    scored = [each for each in recent["days"] if each["value"] is not None]
    risky = _at_risk(recent)
    words = f"Daily form, {_day(recent['from'])} to {_day(recent['to'])}: "
    if not scored:
        words += "no complete answer"
    else:
        highest = max(scored, key=lambda each: each["value"])
        stated = (("first", scored[0]), ("highest", highest), ("last", scored[-1]))
        words += f"answered on {len(scored)} of 60 days; " + ", ".join(
            f"{which} {number_words(each['value'])} on {_day(each['mood_day'])}"
            for which, each in stated
        )
    if risky:
        words += f"; item 9 above 0 on {len(risky)}, last on {_day(risky[-1]['mood_day'])}"
    return f"{words}."


def _at_risk(recent: Recent) -> Sequence[Mapping[str, Any]]:
    return [each for each in recent["days"] if each["q9_max"]]


def _runs(recent: Recent) -> Iterator[Sequence[tuple[date, Any]]]:
    """Neighbouring days that have a value."""
    run: list[tuple[date, Any]] = []
    for each in recent["days"]:
        if each["value"] is None:
            continue
        if run and each["mood_day"] - run[-1][0] != timedelta(days=1):
            yield run
            run = []
        run.append((each["mood_day"], each["value"]))
    if run:
        yield run


def _x(day: date, recent: Recent) -> float:
    first: date = recent["from"]
    last: date = recent["to"]
    left, right = _LEFT + 6, WIDTH - 6
    return left + (right - left) * (day - first).days / (last - first).days


def _y(value: float, highest: int) -> float:
    return _BOTTOM - (_BOTTOM - _TOP) * value / highest


def _day(day: date) -> str:
    return f"{day.day} {day:%b}"
