"""Forms and values of made-up patients, for tests of pure rules: days are counted from one start.

values(run(3, 18, 20, None, 19))   # values of days 3, 4 and 6
entry(10, 15, hour=9)              # a total of 15 at 09:00 of day 10
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta

from services.rules.day_series import DayValue, SeriesEntry

FIRST_DAY = date(2026, 3, 1)


def on(day: float) -> date:
    """The date of a day; a fraction is cut off."""
    return FIRST_DAY + timedelta(days=day)


def at(day: float, hour: float = 12) -> datetime:
    """An hour (UTC) of a day."""
    return datetime.combine(FIRST_DAY, time(), UTC) + timedelta(days=day, hours=hour)


def entry(
    day: int,
    total: int | None,
    hour: float = 12,
    item9: int | None = 0,
    *,
    late: bool = False,
    about: int | None = None,
) -> SeriesEntry:
    """A form sent at an hour of a day, about that day or another; without a total, incomplete."""
    mood_day, sent_at = on(day if about is None else about), at(day, hour)
    number = f"{day:04}-{hour:05.2f}"
    recalled = mood_day < on(day)
    return SeriesEntry(
        mood_day, sent_at, sent_at, number, total, item9, late=late, recalled=recalled
    )


def entries(scores: Mapping[int, int | None]) -> list[SeriesEntry]:
    """A form at noon of each of these days."""
    return [entry(day, total) for day, total in scores.items()]


def values(scores: Mapping[int, int]) -> tuple[DayValue, ...]:
    """The value of each of these days."""
    return tuple(DayValue(on(day), score) for day, score in sorted(scores.items()))


def run(first: int, *scores: int | None) -> dict[int, int]:
    """Scores of consecutive days from one on; None is a missing day."""
    return {first + n: score for n, score in enumerate(scores) if score is not None}
