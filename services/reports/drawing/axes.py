"""Where days and points lie on the paper: scales, their ticks, and the frame that they make."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

from services.reports.drawing.paint import FAINT, INK, SOFT, Painting
from services.reports.drawing.words import MONTHS


@dataclass(frozen=True, slots=True)
class Scale:
    """A straight scale: `low` lies at `start`, `high` at `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Where a value lies."""
        return self.start + (value - self.low) * (self.end - self.start) / (self.high - self.low)


# How far apart ticks of a time axis may be, in days up to weeks, then in months.
_DAYS: Final = (1, 2, 7, 14)
# A report may be asked for from the year 1 to the year 9999.
_YEARS: Final = (1, 2, 5, 10, 20, 50, 100, 500, 1000, 2500)
_MONTHS: Final = (1, 2, 3, 6, *(12 * years for years in _YEARS))
_MONTH_DAYS: Final = 30.4375


def date_ticks(first: date, last: date, most: int) -> list[tuple[date, str]]:
    """At most about `most` ticks with their words: days, weeks, months or years, as they fit.

    Every tick of days tells day, month and, at the first and at a new year, the year.
    """
    span = (last - first).days + 1
    for days in _DAYS:
        if span / days <= most:
            return _named_days(_by_days(first, last, days))
    months = next((m for m in _MONTHS if span / (m * _MONTH_DAYS) <= most), _MONTHS[-1])
    return _named_months(_by_months(first, last, months), months)


def value_ticks(high: float) -> list[int]:
    """Round values from 0 to `high`, about six of them."""
    step = next((s for s in (1, 2, 3, 5, 10, 20) if high / s <= 6), 25)
    return list(range(0, int(high) + 1, step))


def _by_days(first: date, last: date, days: int) -> Iterator[date]:
    day = first
    while day <= last:
        yield day
        day += timedelta(days=days)


def _by_months(first: date, last: date, months: int) -> Iterator[date]:
    """Firsts of the month, aligned to the year."""
    number = first.year * 12 + first.month - 1
    number += -number % months
    while number // 12 <= last.year and (day := date(number // 12, number % 12 + 1, 1)) <= last:
        if day >= first:
            yield day
        number += months


def _named_days(days: Iterator[date]) -> list[tuple[date, str]]:
    named: list[tuple[date, str]] = []
    for day in days:
        is_new = not named or named[-1][0].year != day.year
        words = f"{day.day} {MONTHS[day.month - 1]}"
        named.append((day, f"{words} {day.year}" if is_new else words))
    return named


def _named_months(days: Iterator[date], months: int) -> list[tuple[date, str]]:
    if months >= 12:
        return [(day, str(day.year)) for day in days]
    return [
        (day, f"{name} {day.year}" if place == 0 or day.month == 1 else name)
        for place, day in enumerate(days)
        for name in (MONTHS[day.month - 1],)
    ]


def span_ticks(last: float, most: int) -> list[int]:
    """Days from 0 to `last`: in weeks where they fit, else in months of 4 weeks, else in years."""
    step = next((s for s in (1, 2, 7, 14, 28, 56, 91, 182, 364) if last / s <= most), 728)
    return list(range(0, int(last) + 1, step))


@dataclass(frozen=True, slots=True)
class Frame:
    """The plotting area: `x` from left to right, `y` from bottom to top, in px."""

    painting: Painting
    x: Scale
    y: Scale

    @property
    def left(self) -> float:
        return self.x.start

    @property
    def right(self) -> float:
        return self.x.end

    @property
    def top(self) -> float:
        return self.y.end

    @property
    def bottom(self) -> float:
        return self.y.start

    def axes(self) -> None:
        """The two lines of the axes."""
        self.painting.line((self.left, self.top), (self.left, self.bottom), stroke=INK)
        self.painting.line((self.left, self.bottom), (self.right, self.bottom), stroke=INK)

    def value_axis(self, ticks: list[tuple[float, str]], words: str) -> None:
        """Ticks with faint lines across, and what the axis measures."""
        for value, label in ticks:
            y = self.y(value)
            self.painting.line((self.left - 4, y), (self.left, y), stroke=INK)
            self.painting.line((self.left, y), (self.right, y), stroke=FAINT, width=0.4)
            self.painting.text((self.left - 7, y + 4), label, size=11, anchor="end")
        middle = (self.left - 34, (self.top + self.bottom) / 2)
        self.painting.text(middle, words, size=11, anchor="middle", colour=SOFT, upward=True)

    def across_axis(self, ticks: list[tuple[float, str]], *, at: float | None = None) -> None:
        """Ticks below, or at another height, each with its words."""
        base = self.bottom if at is None else at
        for value, label in ticks:
            x = self.x(value)
            self.painting.line((x, base), (x, base + 4), stroke=INK)
            self.painting.text((x, base + 16), label, size=11, anchor="middle")

    def note(self, words: str, size: float) -> None:
        """Words in the middle, where there is nothing to draw."""
        at = ((self.left + self.right) / 2, (self.top + self.bottom) / 2)
        self.painting.text(at, words, size=size, anchor="middle", colour=SOFT)


def point_ticks(highest: int, bands: list[int]) -> list[tuple[float, str]]:
    """Ticks of a scale in points: where the bands begin and the end, else round numbers."""
    values = [*bands, highest] if bands else value_ticks(highest)
    return [(value, str(value)) for value in values]
