"""Courses and sessions of made-up patients, for tests of pure rules; days as in `days`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from services.rules.courses import Course, Phase, Product, Route, Session, Treatment, in_order
from tests.builders.rules.days import at, on


def session(
    day: float,
    course: str = "a",
    hour: float = 14,
    product: Product = "ketamine",
    route: Route | None = "iv",
    *,
    name: str | None = None,
    minutes: float | None = None,
) -> Session:
    """A session at an hour of a day; without `minutes` nobody wrote down when it ended."""
    started_at = at(day, hour)
    return Session(
        name or f"{course}{day:g}" + ("" if hour == 14 else f"-{hour:g}"),
        course,
        started_at,
        product,
        route,
        _end(started_at, minutes),
    )


def _end(started_at: datetime, minutes: float | None) -> datetime | None:
    return None if minutes is None else started_at + timedelta(minutes=minutes)


def treated(*sessions: Session) -> Treatment:
    """The inductions that these sessions name, each begun on the day of its first one."""
    first: dict[str, Session] = {}
    for one in in_order(sessions):
        first.setdefault(one.course_id, one)
    courses = [
        Course(name, one.product, "induction", one.started_at.date()) for name, one in first.items()
    ]
    return Treatment(tuple(courses), in_order(sessions))


def course(name: str = "a", days: Iterable[float] = (), phase: Phase = "induction") -> Treatment:
    """One course planned from day 0, with sessions at 14:00 on some days."""
    return joined_plans((name, days, phase))


def joined_plans(*plans: tuple[str, Iterable[float], Phase]) -> Treatment:
    """Several such courses, one after the other or side by side."""
    courses = [Course(name, "ketamine", phase, on(0)) for name, _, phase in plans]
    sessions = [session(day, name) for name, days, _ in plans for day in days]
    return Treatment(tuple(courses), in_order(sessions))
