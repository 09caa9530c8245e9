"""Hand-made treated patients for the tests of the report: days are counted from one start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta

from services.rules.courses import Course, Phase, Session, Treatment
from services.rules.day_series import DayValue, Entry

START = datetime(2026, 3, 1, tzinfo=UTC)


def on(day: int) -> date:
    return START.date() + timedelta(days=day)


def at(day: int, hour: float = 12) -> datetime:
    return START + timedelta(days=day, hours=hour)


def entry(day: int, total: int | None, hour: float = 12, item9: int | None = 0) -> Entry:
    return Entry(on(day), at(day, hour), at(day, hour), f"{day:04}-{hour:05.2f}", total, item9)


def values(scores: Mapping[int, int]) -> tuple[DayValue, ...]:
    """Day values by day."""
    return tuple(DayValue(on(day), score) for day, score in sorted(scores.items()))


def run(first: int, *scores: int | None) -> dict[int, int]:
    """Scores of consecutive days from one on; None is a missing day."""
    return {first + n: score for n, score in enumerate(scores) if score is not None}


def session(day: float, course: str = "a", hour: float = 14) -> Session:
    return Session(f"{course}{day:g}", course, at(0, hour) + timedelta(days=day), "ketamine", "iv")


def course(name: str = "a", days: Iterable[float] = (), phase: Phase = "induction") -> Treatment:
    """One course with sessions at 14:00 on some days."""
    return together((name, days, phase))


def together(*plans: tuple[str, Iterable[float], Phase]) -> Treatment:
    courses = [Course(name, "ketamine", phase, on(0)) for name, _, phase in plans]
    sessions = [session(day, name) for name, days, _ in plans for day in days]
    return Treatment(tuple(courses), tuple(sorted(sessions, key=lambda one: one.started_at)))
