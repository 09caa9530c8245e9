"""The silence monitor: what a worker looks for when nobody answers (N1)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Interval, and_, exists, literal, or_, select, tuple_

from models import Alert, Patient, User
from services.alerts.monitors.candidates import BATCH, Candidate, lock, occurrence, open_alert
from services.alerts.writing import notify_statement
from services.patients.status.silence import last_risk_answer_on, load_silence, quiet, with_account
from services.rules.danger.silence import RULE, SILENCE, silence_tier
from services.unit_of_work import execute_writes, transaction


def silent_patients(now: datetime) -> Iterator[Candidate]:
    """Followed patients without an answer for long enough to look closer, all of them.

    Whoever was already reported since the last answer is left out: one silence is one alert. No
    transaction is open between two of them.
    """
    found = _next_batch(now, None)
    while found:
        yield from found
        found = _next_batch(now, found[-1])


def _next_batch(now: datetime, last: Candidate | None) -> list[Candidate]:
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
        return [Candidate(row.clinic_id, row.id) for row in session.execute(query)]


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


def report_silence(patient: Candidate, now: datetime) -> bool:
    """Open the alert of one silence, in one transaction; False when there is no reason (yet), or
    somebody is writing about this patient right now.
    """
    with transaction() as session:
        this = (Patient.clinic_id == patient.clinic_id, Patient.id == patient.patient_id)
        found = load_silence(session, now, *this, ~_reported()) if lock(session, patient) else {}
        facts = found.get(patient.patient_id)
        tier = None if facts is None else silence_tier(facts)
        if tier is None:
            return False
        missed = [occurrence(RULE, RULE.family, tier, now, now)]
        opened = open_alert(session, patient, RULE, SILENCE.version, missed, now)
        execute_writes(session, opened.writes)
        if opened.pages:
            session.execute(notify_statement())
        return True
