"""Made-up courses of answers for the demo clinic: simulated, the same every time."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

DAYS: Final = 28
ITEMS: Final = 9
PHQ9_EVERY: Final = 14


@dataclass(frozen=True, slots=True)
class Course:
    """How one made-up patient fares: total (0-27) before, at best and at the end, in points.

    ``best_on`` is the day of the course with the lowest score, ``answers_until`` the last day with
    an answer, ``item9_today`` what she answers to item 9 on the last day.
    """

    name: str
    start: float
    best: float
    end: float
    best_on: int = 10
    answers_until: int = DAYS
    item9_today: int = 0


COURSES: Final = (
    Course("Rosa Responder", 18, 5, 8),
    Course("Nora Nonresponder", 17, 15, 16),
    Course("Remi Remission", 16, 3, 3, best_on=20),
    Course("Dana Deteriorating", 18, 6, 17, best_on=8, item9_today=2),
    Course("Sil Silent", 15, 9, 10, answers_until=16),
)


def totals(course: Course, seed: int) -> Iterator[tuple[int, int]]:
    """(day, total) for each answered day; about one in eight is missing, but none with a `phq9`."""
    chance = random.Random(seed)  # noqa: S311 - simulated answers, not a secret
    for day in range(course.answers_until + 1):
        noise = chance.gauss(0, 1.5)
        missed = chance.random() < 1 / 8
        if missed and day % PHQ9_EVERY:
            continue
        yield day, max(0, min(27, round(level(course, day) + noise)))


def level(course: Course, day: int) -> float:
    """The course without noise: straight down to the best day, then straight to the end."""
    if day <= course.best_on:
        return course.start + (course.best - course.start) * day / course.best_on
    return course.best + (course.end - course.best) * (day - course.best_on) / (
        DAYS - course.best_on
    )


def answers(total: int, item9: int) -> dict[str, int]:
    """A complete form of nine items that adds up to ``total`` with this item 9."""
    rest = max(0, min(3 * (ITEMS - 1), total - item9))
    each, more = divmod(rest, ITEMS - 1)
    form = {f"q{item}": each + (1 if item <= more else 0) for item in range(1, ITEMS)}
    return form | {"q9": item9}
