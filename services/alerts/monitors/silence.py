"""The silence monitor: what a worker looks for when nobody answers (N1).

Each status row says from when on its patient is worth a look. So a look costs what is due, and not
all who are followed; whoever has answered meanwhile is put off to when they would be silent again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Update, select, tuple_, update

from models import Patient, PatientStatus
from services.alerts.monitors.candidates import Candidate, lock, occurrence, open_alert
from services.alerts.writing import notify_statement
from services.patients.status.silence import load_silence, reported, silences_due
from services.rules.danger.silence import RULE, SILENCE, silence_tier
from services.unit_of_work import execute_writes, transaction

# How many are locked at once while it is worked out when to look again: milliseconds.
BATCH: Final = 100

_WHO: Final = (PatientStatus.clinic_id, PatientStatus.patient_id)


def silent_patients(now: datetime) -> Iterator[Candidate]:
    """Followed patients whose silence is to be reported now, all of them; of all others that were
    due for a look it is put down when to look next.

    Whoever was already reported since the last answer is left out: one silence is one alert. No
    transaction is open between two of them.
    """
    last: Any = None
    while found := _next_batch(now, last):
        yield from _to_report([(row.clinic_id, row.patient_id) for row in found], now)
        last = found[-1]


def _next_batch(now: datetime, last: Any) -> Sequence[Any]:
    place = (PatientStatus.silence_due_at, *_WHO)
    query = select(*place).where(PatientStatus.silence_due_at <= now).order_by(*place).limit(BATCH)
    if last is not None:
        query = query.where(tuple_(*place) > tuple_(*last))
    with transaction() as session:
        return session.execute(query).all()


def _to_report(patients: Sequence[Any], now: datetime) -> list[Candidate]:
    """Those to report, of the patients that nobody is writing about right now."""
    query = (
        select(*_WHO)
        .where(tuple_(*_WHO).in_(patients), PatientStatus.silence_due_at <= now)
        .order_by(*_WHO)
        .with_for_update(skip_locked=True)
    )
    with transaction() as session:
        locked = [Candidate(*row) for row in session.execute(query)]
        if not locked:
            return []
        due = silences_due(session, locked, now)
        later = [one for one in locked if due[one.patient_id] != now]
        if later:
            session.execute(
                update(PatientStatus),
                [one._asdict() | {"silence_due_at": due[one.patient_id]} for one in later],
            )
    return [one for one in locked if due[one.patient_id] == now]


def report_silence(patient: Candidate, now: datetime) -> bool:
    """Open the alert of one silence, in one transaction; False when there is no reason (yet), or
    somebody is writing about this patient right now.
    """
    with transaction() as session:
        this = (Patient.clinic_id == patient.clinic_id, Patient.id == patient.patient_id)
        found = load_silence(session, now, *this, ~reported()) if lock(session, patient) else {}
        facts = found.get(patient.patient_id)
        tier = None if facts is None else silence_tier(facts)
        if tier is None:
            return False
        missed = [occurrence(RULE, RULE.family, tier, now, now)]
        opened = open_alert(session, patient, RULE, SILENCE.version, missed, now)
        execute_writes(session, opened.writes)
        # Not with them: one statement writes a row once, and they raise its revision.
        session.execute(_done_with(patient))
        if opened.pages:
            session.execute(notify_statement())
        return True


def _done_with(patient: Candidate) -> Update:
    """One silence is one alert: the next answer begins another."""
    this = (
        PatientStatus.clinic_id == patient.clinic_id,
        PatientStatus.patient_id == patient.patient_id,
    )
    return update(PatientStatus).where(*this).values(silence_due_at=None)
