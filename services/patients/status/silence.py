"""What rule N1 asks of the database: read alike for the caseload and for the worker."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cache, partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    DateTime,
    Interval,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session

from models import Alert, ApiLife, Patient, PatientStatus, User
from models.statements import Query, Statement
from services.patients.followed import IS_FOLLOWED
from services.patients.history.pauses import load_pauses
from services.rules.danger.outages import Life, Outage, down_since, lost_days, outages_between
from services.rules.danger.silence import (
    RULE,
    SILENCE,
    SilenceAfterRisk,
    SilenceFacts,
    silence_after_risk,
    silent_from,
)
from services.rules.mood_days import DaySpan, find_zone, mood_day_at

# A mood day ends between these offsets of UTC; the exact rule decides in the patient's own zone.
DAY_MARGIN: Final = timedelta(days=1)
RISK_SPAN: Final = timedelta(days=max(SILENCE.item9_days, SILENCE.cssrs_days, SILENCE.intake_days))


def last_risk_answer_on() -> ColumnElement[date]:
    """The last mood day with an answered item 9 or a complete C-SSRS; NULL for never."""
    return func.greatest(PatientStatus.last_item9_on, PatientStatus.last_cssrs_on)


def with_account(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """The query's patients who are followed, with status row and account.

    An account is made with the first invitation: its age is that of the invitation. Also the
    paused: a pause ends by its date, without anybody setting the status back, and its days do not
    count as missed.
    """
    status = and_(
        PatientStatus.clinic_id == Patient.clinic_id, PatientStatus.patient_id == Patient.id
    )
    account = and_(User.clinic_id == Patient.clinic_id, User.id == Patient.user_id)
    joined = query.join(PatientStatus, status).join(User, account)
    return joined.where(IS_FOLLOWED)


def quiet(now: datetime) -> ColumnElement[bool]:
    """Whoever has missed enough days for N1, and a few more: the rule decides."""
    return last_risk_answer_on() < _quiet_before(now)


def _quiet_before(now: datetime) -> date:
    return (now + DAY_MARGIN).date() - timedelta(days=SILENCE.at_risk_missed_days)


def silent_after_risk(session: Session, now: datetime) -> dict[UUID, SilenceAfterRisk]:
    """The patients of the clinic whose silence is high by N1, whether it was reported or not."""
    return _silent(session, now)


def silence_of(session: Session, patient_id: UUID, now: datetime) -> SilenceAfterRisk | None:
    """The same of one patient; None while it is not high."""
    return _silent(session, now, Patient.id == patient_id).get(patient_id)


def _silent(
    session: Session, now: datetime, *among: ColumnElement[bool]
) -> dict[UUID, SilenceAfterRisk]:
    risky = _newest_risk() >= now - RISK_SPAN
    return _high(load_silence(session, now, quiet(now), risky, *among))


def _newest_risk() -> ColumnElement[datetime]:
    invited_at = case((Patient.risk_at_intake, User.created_at))
    status = PatientStatus
    return func.greatest(status.item9_positive_at, status.cssrs_moderate_at, invited_at)


def _high(found: Mapping[UUID, SilenceFacts]) -> dict[UUID, SilenceAfterRisk]:
    decided = {patient_id: silence_after_risk(facts) for patient_id, facts in found.items()}
    return {one: silence for one, silence in decided.items() if silence is not None}


@dataclass(frozen=True, slots=True)
class AfterRisk:
    """What `silent_after_risk` asks of a whole clinic, to be asked together with other things."""

    now: datetime
    who: Query
    lives: Query

    @classmethod
    def at(cls, now: datetime) -> AfterRisk:
        """Of an instant."""
        values = {"before": _quiet_before(now), "since": now - RISK_SPAN}
        return cls(now, Query(_AFTER_RISK, values), Query(_LIVES, {}))

    def found(self, session: Session) -> dict[UUID, SilenceAfterRisk]:
        """Of what was answered."""
        outages = outages_between((Life(*row) for row in self.lives.rows), self.now)
        return _high(_facts_of(session, self.who.rows, outages, self.now))


def load_silence(
    session: Session, now: datetime, *conditions: ColumnElement[bool]
) -> dict[UUID, SilenceFacts]:
    """The facts of the followed patients for whom these conditions hold."""
    rows = session.execute(with_account(select(*_columns())).where(*conditions)).all()
    return _facts_of(session, rows, load_outages(session, now), now) if rows else {}


def _columns() -> tuple[Any, ...]:
    return (
        Patient.clinic_id,
        Patient.id,
        Patient.timezone,
        User.created_at.label("invited_at"),
        Patient.accepted_at,
        Patient.risk_at_intake,
        PatientStatus.item9_positive_at,
        PatientStatus.cssrs_moderate_at,
        last_risk_answer_on().label("last_risk_answer_on"),
    )


# Built once: a caseload begins with them.
_AFTER_RISK: Final = Statement(
    with_account(select(*_columns())).where(
        last_risk_answer_on() < bindparam("before", type_=Date()),
        _newest_risk() >= bindparam("since", type_=DateTime(timezone=True)),
    )
)
_LIVES: Final = Statement(select(ApiLife.from_at, ApiLife.until_at))


def _facts_of(
    session: Session, rows: Sequence[Any], outages: tuple[Outage, ...], now: datetime
) -> dict[UUID, SilenceFacts]:
    if not rows:
        return {}
    paused = load_pauses(session, [(row.clinic_id, row.id) for row in rows])
    lost_in = cache(partial(lost_days, outages))
    return {row.id: _facts(row, paused[row.id], outages, lost_in, now) for row in rows}


def reported() -> ColumnElement[bool]:
    """This silence was reported, open or resolved.

    A report on the day of the last answer, or soon after it, was about the silence that the answer
    ended: a new one takes days to become one.
    """
    too_soon = literal(timedelta(days=SILENCE.at_risk_missed_days), Interval)
    answered_on = last_risk_answer_on()
    return exists().where(
        Alert.clinic_id == Patient.clinic_id,
        Alert.patient_id == Patient.id,
        Alert.family == RULE.family,
        or_(answered_on.is_(None), Alert.newest_occurrence_at - too_soon > answered_on),
    )


def silences_due(
    session: Session, patients: Sequence[tuple[UUID, UUID]], now: datetime
) -> dict[UUID, datetime | None]:
    """When the silence of each patient, who is given with the clinic before, is to be reported
    (from `now` on); None: not at all, for it was, or nobody follows them, or they are paused for
    good. Each is locked, or nobody relies on it.
    """
    among = tuple_(Patient.clinic_id, Patient.id).in_(patients)
    facts = load_silence(session, now, among, ~reported())
    return {one: silent_from(facts[one]) if one in facts else None for _, one in patients}


def is_overlooked(session: Session, patient_id: UUID, now: datetime) -> bool:
    """Would the monitor look at this patient later than their silence is to be reported?"""
    row = session.execute(
        select(PatientStatus.clinic_id, PatientStatus.silence_due_at)
        .where(PatientStatus.patient_id == patient_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        return False
    due_at = silences_due(session, [(row.clinic_id, patient_id)], now)[patient_id]
    return due_at is not None and (row.silence_due_at is None or row.silence_due_at > due_at)


def load_outages(session: Session, now: datetime) -> tuple[Outage, ...]:
    """When no API process was at work, as their signs of life tell it (`operations.life`)."""
    lives = session.execute(select(ApiLife.from_at, ApiLife.until_at))
    return outages_between((Life(*row) for row in lives), now)


def _facts(
    row: Any,
    paused: Iterable[DaySpan],
    outages: Iterable[Outage],
    lost_in: Callable[[tzinfo], frozenset[date]],
    now: datetime,
) -> SilenceFacts:
    zone = find_zone(row.timezone) or UTC
    accepted = row.accepted_at
    return SilenceFacts(
        now=now,
        today=mood_day_at(now, zone),
        invited_at=row.invited_at,
        accepted_on=None if accepted is None else mood_day_at(accepted, zone),
        last_risk_answer_on=row.last_risk_answer_on,
        item9_positive_at=row.item9_positive_at,
        cssrs_moderate_at=row.cssrs_moderate_at,
        risk_at_intake=row.risk_at_intake,
        paused=tuple(paused),
        lost=lost_in(zone),
        down=down_since(outages, row.invited_at),
        zone=zone,
    )
