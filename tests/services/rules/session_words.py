"""Words for the tests about one session: what was reported and measured around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from services.rules.courses import Session, Treatment, in_order
from services.rules.session_day.vital_signs import SessionVitals
from services.rules.side_effects.report import EffectsReport, Pressure, ReportedEffect

START = datetime(2026, 3, 10, 14, tzinfo=UTC)


def after(hours: float = 0, minutes: float = 0) -> datetime:
    """So long after the start of the session."""
    return START + timedelta(hours=hours, minutes=minutes)


def session(
    name: str = "s1",
    hours: float = 0,
    product: str = "ketamine",
    route: str | None = "intranasal",
    length_min: float | None = 60,
) -> Session:
    """A session that starts `hours` after START; it is over after an hour unless said otherwise."""
    started = after(hours)
    ended = None if length_min is None else started + timedelta(minutes=length_min)
    return Session(name, "course", started, product, route, ended)


def treated(*sessions: Session) -> Treatment:
    return Treatment(sessions=in_order(sessions))


def effect(code: str, grade: int = 1, onset=None, ended=None) -> ReportedEffect:
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
    at = after(hours)
    return EffectsReport(f"r-{hours}", at, at, at.date(), effects, vitals, session_id, late)


def pressure(minutes: float, systolic: int, diastolic: int) -> Pressure:
    """A reading `minutes` after START."""
    return Pressure(after(minutes=minutes), systolic, diastolic)


def vitals(phase: str, minutes: float, systolic: int = 120, diastolic: int = 80, **more):
    """One set of vital signs, `minutes` after START."""
    name = more.pop("name", f"{phase}-{minutes}")
    return SessionVitals(name, "s1", phase, after(minutes=minutes), systolic, diastolic, **more)
