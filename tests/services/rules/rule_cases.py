"""Builders for tests of rules on treated patients: days are counted from the first session."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from services.rules.courses import Course, Session, Treatment
from services.rules.day_series import DayValue, Entry

FIRST_DAY = date(2026, 3, 2)


def on(day: int) -> date:
    return FIRST_DAY + timedelta(days=day)


def at(day: int, hour: float = 12) -> datetime:
    midnight = datetime.combine(on(day), time(), UTC)
    return midnight + timedelta(hours=hour)


def values(scores: dict[int, int]) -> list[DayValue]:
    return [DayValue(on(day), score) for day, score in scores.items()]


def entry(day: int, total: int | None, hour: float = 12, late: bool = False) -> Entry:
    when = at(day, hour)
    return Entry(on(day), when, when, f"entry-{day}-{hour}", total, late=late)


def entries(scores: dict[int, int | None]) -> list[Entry]:
    return [entry(day, total) for day, total in scores.items()]


def session(day: int, course: str = "induction", hour: float = 14, product="ketamine") -> Session:
    return Session(f"{course}-{day}-{hour}", course, at(day, hour), product)


def treated(*sessions: Session) -> Treatment:
    """A treatment with the courses that its sessions name, begun on their first day."""
    names = dict.fromkeys(one.course_id for one in sessions)
    courses = [
        Course(name, first.product, "induction", first.started_at.date())
        for name in names
        for first in [next(one for one in sessions if one.course_id == name)]
    ]
    return Treatment(tuple(courses), tuple(sorted(sessions, key=lambda one: one.started_at)))
