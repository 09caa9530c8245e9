"""What was reported and measured around one session, which starts at 14:00 of day 9."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from services.rules.courses import Product, Route, Session
from services.rules.session_day.vital_signs import SessionVitals, VitalsPhase
from services.rules.side_effects.report import EffectsReport, Pressure, ReportedEffect
from tests.builders.rules import courses
from tests.builders.rules.days import at

DAY, HOUR = 9, 14
START = at(DAY, HOUR)


def after(hours: float = 0, minutes: float = 0) -> datetime:
    """So long after the start of the session."""
    return START + timedelta(hours=hours, minutes=minutes)


def session(
    name: str = "s1",
    hours: float = 0,
    product: Product = "ketamine",
    route: Route | None = "intranasal",
    minutes: float | None = 60,
) -> Session:
    """A session that starts `hours` after START and lasts an hour, or `minutes`."""
    return courses.session(DAY, "course", HOUR + hours, product, route, name=name, minutes=minutes)


def effect(
    code: str, grade: int = 1, onset: float | None = None, ended: float | None = None
) -> ReportedEffect:
    """An effect; `onset` and `ended` in hours after START."""
    return ReportedEffect(
        code,
        grade,
        None if onset is None else after(onset),
        None if ended is None else after(ended),
    )


def report(
    hours: float,
    *effects: ReportedEffect,
    vitals: Pressure | None = None,
    session_id: str | None = None,
    late: bool = False,
) -> EffectsReport:
    """A report recorded `hours` after START."""
    sent_at = after(hours)
    return EffectsReport(
        f"r-{hours}", sent_at, sent_at, sent_at.date(), effects, vitals, session_id, late
    )


def pressure(minutes: float, systolic: int, diastolic: int) -> Pressure:
    """A reading `minutes` after START."""
    return Pressure(after(minutes=minutes), systolic, diastolic)


def vitals(
    phase: VitalsPhase, minutes: float, systolic: int = 120, diastolic: int = 80, **more: Any
) -> SessionVitals:
    """One set of vital signs, `minutes` after START."""
    name = more.pop("name", f"{phase}-{minutes}")
    return SessionVitals(name, "s1", phase, after(minutes=minutes), systolic, diastolic, **more)
