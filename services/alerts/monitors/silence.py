"""The silence watch: what a worker looks for when nobody answers (N1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Interval,
    and_,
    exists,
    func,
    literal,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.orm import Session

from models import Alert, Patient, PatientPause, PatientStatus, User
from services.alerts.chain import load_chain
from services.alerts.locking import lock_status_rows
from services.alerts.opening import NewOccurrence, load_open_alert, open_or_add
from services.alerts.writing import notify_statement
from services.one_statement import write_together
from services.rules.danger.silence import (
    FAMILY,
    RULE,
    SILENCE,
    SilenceFacts,
    silence_tier,
)
from services.rules.decision import Tier
from services.rules.mood_days import DaySpan, find_zone, mood_day_at
from services.unit_of_work import transaction

BATCH: Final = 500
# A mood day ends between these offsets of UTC; the exact rule decides in the patient's own zone.
DAY_MARGIN: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SilentPatient:
    """Somebody who may have been silent for too long, as seen without a lock."""

    clinic_id: UUID
    patient_id: UUID


def silent_patients(now: datetime) -> Iterator[SilentPatient]:
    """Followed patients who were not heard of for long enough to look closer, all of them.

    Whoever was already reported since the last answer is left out: one silence is one alert. No
    transaction is open between two of them.
    """
    found = _next_batch(now, None)
    while found:
        yield from found
        found = _next_batch(now, found[-1])


def _next_batch(now: datetime, last: SilentPatient | None) -> list[SilentPatient]:
    place = tuple_(Patient.clinic_id, Patient.id)
    query = (
        select(Patient.clinic_id, Patient.id)
        .join(PatientStatus, _same_patient(PatientStatus))
        .join(User, _account())
        .where(_followed(), _quiet(now), ~_reported())
        .order_by(Patient.clinic_id, Patient.id)
        .limit(BATCH)
    )
    if last is not None:
        query = query.where(place > tuple_(last.clinic_id, last.patient_id))
    with transaction() as session:
        return [SilentPatient(row.clinic_id, row.id) for row in session.execute(query)]


def _followed() -> ColumnElement[bool]:
    """Also the paused: a pause ends by its date, without anybody setting the status back, and its
    days do not count as missed.
    """
    return Patient.status != "discharged"


def _same_patient(table: type[Any]) -> ColumnElement[bool]:
    return and_(table.clinic_id == Patient.clinic_id, table.patient_id == Patient.id)


def _account() -> ColumnElement[bool]:
    """An account is made with the first invitation: its age is that of the invitation."""
    return and_(User.clinic_id == Patient.clinic_id, User.id == Patient.user_id)


def _heard_on() -> ColumnElement[date]:
    return func.greatest(PatientStatus.last_item9_on, PatientStatus.last_cssrs_on)


def _quiet(now: datetime) -> ColumnElement[bool]:
    earliest = (now + DAY_MARGIN).date() - timedelta(days=SILENCE.at_risk_missed_days)
    never_since = now - timedelta(hours=SILENCE.never_started_hours)
    return or_(_heard_on() < earliest, and_(_heard_on().is_(None), User.created_at <= never_since))


def _reported() -> ColumnElement[bool]:
    """This silence was reported, open or resolved.

    A report on the day of the last answer, or soon after it, was about the silence that the answer
    ended: a new one takes days to become one.
    """
    too_soon = literal(timedelta(days=SILENCE.at_risk_missed_days), Interval)
    return exists().where(
        Alert.clinic_id == Patient.clinic_id,
        Alert.patient_id == Patient.id,
        Alert.family == FAMILY,
        or_(_heard_on().is_(None), Alert.newest_occurrence_at - too_soon > _heard_on()),
    )


def report_silence(patient: SilentPatient, now: datetime) -> bool:
    """Open the alert of one silence, in one transaction; False when there is no reason (yet), or
    somebody is writing about this patient right now.
    """
    with transaction() as session:
        held = lock_status_rows(session, patient.clinic_id, [patient.patient_id], skip_locked=True)
        row = _load(session, patient) if held else None
        if row is None:
            return False
        tier = silence_tier(_facts(session, row, now))
        if tier is None:
            return False
        _open(session, row, tier, now)
        return True


def _load(session: Session, patient: SilentPatient) -> Any:
    """The patient as she is now, under the lock; None when she was reported or left meanwhile."""
    return session.execute(
        select(
            Patient.clinic_id,
            Patient.id,
            Patient.timezone,
            User.created_at.label("invited_at"),
            Patient.accepted_at,
            Patient.risk_at_intake,
            PatientStatus.revision,
            PatientStatus.item9_positive_at,
            PatientStatus.cssrs_moderate_at,
            _heard_on().label("heard_on"),
        )
        .join(PatientStatus, _same_patient(PatientStatus))
        .join(User, _account())
        .where(
            Patient.clinic_id == patient.clinic_id,
            Patient.id == patient.patient_id,
            _followed(),
            ~_reported(),
        )
    ).one_or_none()


def _facts(session: Session, row: Any, now: datetime) -> SilenceFacts:
    zone = find_zone(row.timezone) or UTC
    pauses = session.execute(
        select(PatientPause.from_on, PatientPause.to_on, PatientPause.ended_on).where(
            PatientPause.clinic_id == row.clinic_id, PatientPause.patient_id == row.id
        )
    )
    accepted = row.accepted_at
    return SilenceFacts(
        now=now,
        today=mood_day_at(now, zone),
        invited_at=row.invited_at,
        accepted_on=None if accepted is None else mood_day_at(accepted, zone),
        heard_on=row.heard_on,
        item9_positive_at=row.item9_positive_at,
        cssrs_moderate_at=row.cssrs_moderate_at,
        risk_at_intake=row.risk_at_intake,
        paused=tuple(
            DaySpan(pause.from_on, _last_day(pause.to_on, pause.ended_on)) for pause in pauses
        ),
    )


def _last_day(planned: date, ended_on: date | None) -> date:
    """A pause that ended early leaves the day on which it ended due."""
    return planned if ended_on is None else min(planned, ended_on - timedelta(days=1))


def _open(session: Session, row: Any, tier: Tier, now: datetime) -> None:
    revision = row.revision + 1
    occurrence = NewOccurrence(
        entry_id=None,
        rule=RULE,
        source=FAMILY,
        at=now,
        received_at=now,
        item9=None,
        cssrs=None,
        tier=tier.word,
        interrupts=False,
    )
    opened = open_or_add(
        load_open_alert(session, row.id, FAMILY),
        [occurrence],
        patient_id=row.id,
        clinic_id=row.clinic_id,
        family=FAMILY,
        rule_version=SILENCE.version,
        chain=load_chain(session, row.clinic_id),
        now=now,
        revision=revision,
    )
    raised = (
        update(PatientStatus)
        .where(PatientStatus.clinic_id == row.clinic_id, PatientStatus.patient_id == row.id)
        .values(revision=revision)
    )
    write_together(session, [*opened.writes, raised])
    if opened.pages:
        session.execute(notify_statement())
