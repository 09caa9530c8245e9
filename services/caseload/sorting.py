"""The orders of the caseload: who needs somebody first. Every key ascends, the id breaks ties."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Float, Integer, case, cast, func, literal, or_
from sqlalchemy.orm import InstrumentedAttribute

from models import Patient, PatientStatus
from models.alert import SEVERITIES
from services.rules.rule_set import RULES

Key = ColumnElement[Any] | InstrumentedAttribute[Any]

SORTS: Final = ("risk", "silence", "trend", "name")
KEY_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "risk": (int, int, int, int, datetime, UUID),
    "silence": (int, datetime, UUID),
    "trend": (int, int, float, UUID),
    "name": (str, UUID),
}
NO_ALERT: Final = len(SEVERITIES)
# Worst first; who cannot be judged stands before who does well.
TREND_ORDER: Final = (
    "worse",
    "no_response",
    "baseline_missing",
    "partial_response",
    "minimal_symptoms",
    "response",
    "remission",
)
NO_SLOPE: Final = 1e9


def sort_keys(
    sort: str, severity_rank: ColumnElement[Any], clinical: ColumnElement[bool], now: datetime
) -> list[Key]:
    """The keys of one order. Without a right to clinical content they say nothing clinical."""

    def shown(value: Key, otherwise: Key) -> ColumnElement[Any]:
        return case((clinical, value), else_=otherwise)

    name = func.lower(Patient.name)
    left = case((Patient.status == "discharged", 1), else_=0)
    waiting_since = shown(_waiting_since(), Patient.created_at)
    keys: dict[str, list[Key]] = {
        "risk": [
            func.coalesce(severity_rank, NO_ALERT),
            left,
            shown(_risk_rank(now), literal(0)),
            shown(_trend_rank(), literal(0)),
            waiting_since,
        ],
        "silence": [left, waiting_since],
        "trend": [left, shown(_trend_rank(), literal(0)), shown(_falling(), literal(0.0))],
        "name": [name],
    }
    return [*keys[sort], Patient.id]


def _waiting_since() -> ColumnElement[datetime]:
    return func.coalesce(PatientStatus.last_check_in_at, Patient.accepted_at, Patient.created_at)


def _risk_rank(now: datetime) -> ColumnElement[int]:
    """Recently positive first, then who came with suicidal ideation, then everybody else."""
    since = now - RULES.recent_risk
    recent = or_(PatientStatus.item9_positive_at >= since, PatientStatus.cssrs_moderate_at >= since)
    return cast(case((recent, 0), (Patient.risk_at_intake, 1), else_=2), Integer)


def _trend_rank() -> ColumnElement[int]:
    places = {status: place for place, status in enumerate(TREND_ORDER)}
    unknown = places["baseline_missing"]
    return case(
        *((PatientStatus.trend_status == status, place) for status, place in places.items()),
        else_=unknown,
    )


def _falling() -> ColumnElement[float]:
    """The steepest rise of the daily score first, no slope last."""
    return cast(func.coalesce(-PatientStatus.daily_slope, NO_SLOPE), Float)
