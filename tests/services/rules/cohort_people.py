"""Patients of a cohort drawn by hand: day 0 is the day of the first session."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from services.rules.cohort.course import TreatedPatient
from services.rules.courses import Course, Session, Treatment, in_order
from services.rules.day_series import Entry

FIRST = date(2026, 3, 2)
SIX_IN_14_DAYS = (0, 3, 6, 8, 11, 14)


def instant(day: int, hour: int = 12) -> datetime:
    """Noon (UTC) of a day, or another hour."""
    return datetime.combine(FIRST + timedelta(days=day), time(hour), UTC)


def form(day: int, total: int | None, item9: int | None = 0, *, hour: int = 9, late: bool = False):
    """A two-week PHQ-9 about a day, answered in the morning of it."""
    told = instant(day + 9 if late else day, hour)
    return Entry(
        mood_day=FIRST + timedelta(days=day),
        recorded_at=told,
        received_at=told,
        entry_id=f"{day}-{hour}",
        total=total,
        item9_max=item9,
        late=late,
    )


def course(name: str = "c1", phase: str = "induction", product: str = "ketamine", **more):
    """A course that begins on day 0."""
    return Course(id=name, product=product, phase=phase, started_on=FIRST, **more)


def sessions(days, of: str = "c1", route: str | None = "iv", product: str = "ketamine"):
    """One session at noon on each of the days."""
    return tuple(
        Session(f"{of}-{day}", of, instant(day), product, route, instant(day, 13)) for day in days
    )


def patient(
    entries=(), days=SIX_IN_14_DAYS, *, more_sessions=(), courses=None, at: int = 400, zone=UTC
):
    """A patient with one induction course on these days, looked at on day 400."""
    treated = in_order((*sessions(days), *more_sessions))
    return TreatedPatient(
        Treatment(tuple(courses or (course(),)), treated), tuple(entries), zone, instant(at)
    )
