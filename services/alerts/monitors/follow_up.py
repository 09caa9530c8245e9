"""The monitor of follow-ups: no contact with a patient in a window after a session (rule N2).

The worker reads no answer: whoever stores one marks the window that it meets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, tuple_, update
from sqlalchemy.orm import Session

from models import Alert, AlertOccurrence, Patient, SessionFollowUp
from services.alerts.monitors.candidates import BATCH, Candidate, lock, occurrence, open_alert
from services.alerts.opening import NewOccurrence
from services.rules.catalogue import CATALOGUE
from services.rules.decision import Tier
from services.rules.session_day.follow_up import FollowUpWindow, lapsed
from services.rules.session_day.numbers import SESSION_NUMBERS
from services.unit_of_work import Write, execute_writes, transaction

RULE: Final = CATALOGUE["N2"]


def missed_follow_ups(now: datetime) -> Iterator[Candidate]:
    """All patients whose windows have passed unmet, the longest due first.

    No transaction is open between two of them; one with several windows may come twice.
    """
    last: Any = None
    while found := _next_batch(now, last):
        yield from dict.fromkeys(Candidate(row.clinic_id, row.patient_id) for row in found)
        last = found[-1]


def _next_batch(now: datetime, last: Any) -> Sequence[Any]:
    place = (SessionFollowUp.due_at, SessionFollowUp.clinic_id, SessionFollowUp.patient_id)
    query = select(*place).where(_passed_unmet(now)).order_by(*place).limit(BATCH)
    if last is not None:
        query = query.where(tuple_(*place) > tuple_(*last))
    with transaction() as session:
        return session.execute(query).all()


def _passed_unmet(now: datetime) -> ColumnElement[bool]:
    return and_(
        SessionFollowUp.met_at.is_(None),
        SessionFollowUp.lapsed_at.is_(None),
        SessionFollowUp.due_at < now,
    )


def report_missed_follow_ups(patient: Candidate, now: datetime) -> bool:
    """Let the passed windows of one patient lapse, in one transaction; True when N2 alerted.

    Those of the discharged, and history that was typed in, lapse in silence. Whoever is being
    written about right now is left for the next time.
    """
    with transaction() as session:
        rows = _load(session, patient, now) if lock(session, patient) else []
        if not rows:
            return False
        missed, writes = _missed(session, patient, rows, now), [_lapse(patient, now)]
        if missed:  # a low alert queues no page, so nobody has to be woken
            opened = open_alert(session, patient, RULE, SESSION_NUMBERS.version, missed, now)
            writes += opened.writes
        execute_writes(session, writes)
        return bool(missed)


def _load(session: Session, patient: Candidate, now: datetime) -> Sequence[Any]:
    """The windows as they are now, under the lock, the longest due first."""
    return session.execute(
        select(
            SessionFollowUp.session_id,
            SessionFollowUp.kind,
            SessionFollowUp.opens_at,
            SessionFollowUp.due_at,
            Patient.status,
        )
        .join(
            Patient,
            and_(
                Patient.clinic_id == SessionFollowUp.clinic_id,
                Patient.id == SessionFollowUp.patient_id,
            ),
        )
        .where(*_of(patient), _passed_unmet(now))
        .order_by(SessionFollowUp.due_at, SessionFollowUp.kind)
    ).all()


def _of(patient: Candidate) -> tuple[ColumnElement[bool], ...]:
    return (
        SessionFollowUp.clinic_id == patient.clinic_id,
        SessionFollowUp.patient_id == patient.patient_id,
    )


def _missed(
    session: Session, patient: Candidate, rows: Sequence[Any], now: datetime
) -> list[NewOccurrence]:
    """What N2 reports of these windows: each session at most once."""
    reported = _reported_sessions(session, patient)
    occurrences: list[NewOccurrence] = []
    for row in rows:
        if row.status == "discharged":
            continue
        window = FollowUpWindow(str(row.session_id), row.kind, row.opens_at, row.due_at)
        decision = lapsed(window, (), now, already_reported=row.session_id in reported)
        if decision.fired:
            reported.add(row.session_id)
            # Nobody answered: it is as of the window's end, and says which window it was.
            tier, about = decision.tier or Tier.LOW, row.session_id
            occurrences.append(occurrence(RULE, row.kind, tier, row.due_at, now, about))
    return occurrences


def _reported_sessions(session: Session, patient: Candidate) -> set[UUID | None]:
    """The sessions that N2 has reported. One whose window lapsed in silence is not among them."""
    return set(
        session.scalars(
            select(AlertOccurrence.about_id)
            .join(
                Alert,
                and_(
                    Alert.clinic_id == AlertOccurrence.clinic_id,
                    Alert.id == AlertOccurrence.alert_id,
                ),
            )
            .where(
                Alert.clinic_id == patient.clinic_id,
                Alert.patient_id == patient.patient_id,
                Alert.family == RULE.family,
            )
        )
    )


def _lapse(patient: Candidate, now: datetime) -> Write:
    return update(SessionFollowUp).where(*_of(patient), _passed_unmet(now)).values(lapsed_at=now)
