"""Patients of a cohort drawn by hand: day 0 is the day of the first session."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, tzinfo
from typing import Any

from services.rules.cohort.course import TreatedPatient
from services.rules.courses import Course, Phase, Product, Route, Session, Treatment, in_order
from services.rules.day_series import SeriesEntry
from tests.builders.rules.courses import session
from tests.builders.rules.days import at, entry, on

SIX_IN_14_DAYS = (0, 3, 6, 8, 11, 14)


def form(
    day: int, total: int | None, item9: int | None = 0, *, hour: int = 9, late: bool = False
) -> SeriesEntry:
    """A two-week PHQ-9 about a day, answered in the morning of it; a late one nine days later."""
    sent = entry(day + 9 if late else day, total, hour, item9, late=late, about=day)
    return sent._replace(entry_id=f"{day}-{hour}")


def course(
    name: str = "c1", phase: Phase = "induction", product: Product = "ketamine", **more: Any
) -> Course:
    """A course that begins on day 0."""
    return Course(id=name, product=product, phase=phase, started_on=on(0), **more)


def sessions(
    days: Iterable[int], of: str = "c1", route: Route | None = "iv", product: Product = "ketamine"
) -> tuple[Session, ...]:
    """A session of an hour at noon on each of the days."""
    return tuple(session(day, of, 12, product, route, minutes=60) for day in days)


def patient(
    entries: Iterable[SeriesEntry] = (),
    days: Iterable[int] = SIX_IN_14_DAYS,
    *,
    more_sessions: Iterable[Session] = (),
    courses: Iterable[Course] = (),
    seen_on: int = 400,
    zone: tzinfo = UTC,
) -> TreatedPatient:
    """A patient with one induction course on these days, looked at on day 400."""
    treated = in_order((*sessions(days), *more_sessions))
    return TreatedPatient(
        Treatment(tuple(courses) or (course(),), treated), tuple(entries), zone, at(seen_on)
    )
