"""The orders of the caseload: who needs somebody first. Every key ascends, the id breaks ties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Double,
    Integer,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
)
from sqlalchemy.orm import InstrumentedAttribute

from models import Patient, User
from models.alerts.alert import SEVERITIES
from services.patients.followed import IS_FOLLOWED
from services.patients.status.figures import NOT_JUDGED
from services.rules.danger.numbers import RULES
from services.rules.danger.silence import SILENCE
from services.rules.measures import MEASURES

Key = ColumnElement[Any] | InstrumentedAttribute[Any]

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
    NOT_JUDGED,
    "baseline_only",
    "partial_response",
    "minimal_symptoms",
    "response",
    "remission",
)
NO_SLOPE: Final = 1e9
NEW_FOR: Final = timedelta(days=SILENCE.intake_days)
# After so long a course is history: a new one has a baseline of its own (report formulas).
COURSE_GAP: Final = timedelta(days=MEASURES.newest.baseline.keep_days)


@dataclass(frozen=True, slots=True)
class Today:
    """The running mood day: `usual`, but in the zones of `elsewhere`."""

    usual: date
    elsewhere: tuple[tuple[str, date], ...] = ()

    def of_patient(self) -> ColumnElement[date]:
        """The patient's day; the usual one for a zone that came in since."""
        usual = literal(self.usual, Date)
        if not self.elsewhere:
            return usual
        days = {zone: literal(day, Date) for zone, day in self.elsewhere}
        return case(days, value=Patient.timezone, else_=usual)


def sort_keys(
    sort: str,
    status: Any,
    alerts: Any,
    clinical: ColumnElement[bool],
    now: ColumnElement[datetime],
    silent: ColumnElement[bool],
    today: Today | None,
) -> list[Key]:
    """The keys of one order. Without a right to clinical content they say nothing clinical.

    `status` has the columns of the status row, `alerts` the columns `rank` and `returned` of the
    patient's open alerts; `silent` holds for the patients for whom rule N1 is high; `today` is
    given for the order of risk.
    """

    def shown(value: Key, otherwise: Key) -> ColumnElement[Any]:
        return case((clinical, value), else_=otherwise)

    left = case((IS_FOLLOWED, 0), else_=1)
    waiting_since = shown(_waiting_since(status), Patient.created_at)
    if sort == "name":
        return [func.lower(Patient.name, type_=Text), Patient.id]
    if sort == "silence":
        return [left, waiting_since, Patient.id]
    trend = shown(_trend_rank(status), literal(0))
    if today is None:
        return [left, trend, shown(_falling(status), literal(0.0, Double)), Patient.id]
    need = shown(_need_rank(status, alerts.c.returned, silent, now, today.of_patient()), literal(0))
    return [func.coalesce(alerts.c.rank, NO_ALERT), left, need, trend, waiting_since, Patient.id]


def _waiting_since(status: Any) -> ColumnElement[datetime]:
    return func.coalesce(status.last_check_in_at, Patient.accepted_at, Patient.created_at)


def _need_rank(
    status: Any,
    returned: ColumnElement[Any],
    silent: ColumnElement[bool],
    now: ColumnElement[datetime],
    today: ColumnElement[date],
) -> ColumnElement[int]:
    """Who needs somebody first among those whose alerts are equally severe: a small table.

    What stands in the words of a row, stands here by the same numbers.
    """
    recent = now - RULES.recent_risk
    newly_in = and_(Patient.risk_at_intake, User.created_at >= now - NEW_FOR)
    in_treatment = status.last_session_at >= now - COURSE_GAP
    needs: tuple[ColumnElement[bool] | InstrumentedAttribute[bool], ...] = (
        silent,
        or_(status.item9_positive_at >= recent, status.cssrs_moderate_at >= recent),
        newly_in,
        or_(returned, and_(status.wearing_off_on.is_not(None), in_treatment)),
        and_(status.non_response, in_treatment),
        status.maintenance_due_on < today,
        Patient.risk_at_intake,
    )
    places = [(need, place) for place, need in enumerate(needs)]
    return cast(case(*places, else_=len(needs)), Integer)


def _trend_rank(status: Any) -> ColumnElement[int]:
    places = {status: place for place, status in enumerate(TREND_ORDER)}
    unknown = places["baseline_missing"]
    return case(places, value=status.trend_status, else_=unknown)


def _falling(status: Any) -> ColumnElement[float]:
    """The steepest rise of the daily score first, no slope last."""
    return cast(func.coalesce(-status.daily_slope, NO_SLOPE), Double)
