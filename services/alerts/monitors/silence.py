"""The silence monitor: what a worker looks for when nobody answers (N1)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Interval, and_, exists, literal, or_, select, tuple_, update
from sqlalchemy.orm import Session

from models import Alert, Patient, PatientStatus, User
from services.alerts.chain import load_chain
from services.alerts.locking import lock_status_rows
from services.alerts.opening import NewOccurrence, load_open_alert, open_or_add
from services.alerts.writing import notify_statement
from services.one_statement import execute_writes
from services.patients.status.silence import (
    last_risk_answer_on,
    load_silence,
    quiet,
    with_account,
)
from services.rules.danger.silence import RULE, SILENCE, silence_tier
from services.rules.decision import Tier
from services.unit_of_work import transaction

BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class SilentPatient:
    """Somebody who may have been silent for too long, as seen without a lock."""

    clinic_id: UUID
    patient_id: UUID


def silent_patients(now: datetime) -> Iterator[SilentPatient]:
    """Followed patients without an answer for long enough to look closer, all of them.

    Whoever was already reported since the last answer is left out: one silence is one alert. No
    transaction is open between two of them.
    """
    found = _next_batch(now, None)
    while found:
        yield from found
        found = _next_batch(now, found[-1])


def _next_batch(now: datetime, last: SilentPatient | None) -> list[SilentPatient]:
    place = tuple_(Patient.clinic_id, Patient.id)
    never_since = now - timedelta(hours=SILENCE.never_started_hours)
    never_started = and_(last_risk_answer_on().is_(None), User.created_at <= never_since)
    query = (
        with_account(select(Patient.clinic_id, Patient.id))
        .where(or_(quiet(now), never_started), ~_reported())
        .order_by(Patient.clinic_id, Patient.id)
        .limit(BATCH)
    )
    if last is not None:
        query = query.where(place > tuple_(last.clinic_id, last.patient_id))
    with transaction() as session:
        return [SilentPatient(row.clinic_id, row.id) for row in session.execute(query)]


def _reported() -> ColumnElement[bool]:
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


def report_silence(patient: SilentPatient, now: datetime) -> bool:
    """Open the alert of one silence, in one transaction; False when there is no reason (yet), or
    somebody is writing about this patient right now.
    """
    with transaction() as session:
        one = [patient.patient_id]
        if not lock_status_rows(session, patient.clinic_id, one, skip_locked=True):
            return False
        this = (Patient.clinic_id == patient.clinic_id, Patient.id == patient.patient_id)
        for row, facts in load_silence(session, now, *this, ~_reported()):
            tier = silence_tier(facts)
            if tier is not None:
                _open(session, row, tier, now)
                return True
        return False


def _open(session: Session, row: Any, tier: Tier, now: datetime) -> None:
    revision = row.revision + 1
    occurrence = NewOccurrence(
        entry_id=None,
        rule=RULE.id,
        source=RULE.family,
        at=now,
        received_at=now,
        item9=None,
        cssrs=None,
        tier=tier,
        interrupts=False,
    )
    opened = open_or_add(
        load_open_alert(session, row.id, RULE.family),
        [occurrence],
        patient_id=row.id,
        clinic_id=row.clinic_id,
        family=RULE.family,
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
    execute_writes(session, [*opened.writes, raised])
    if opened.pages:
        session.execute(notify_statement())
