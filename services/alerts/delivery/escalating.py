"""Time moves escalation, nothing else does: advance the alerts whose due time has come."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.orm import Session

from models import Alert
from services.alerts.chain import load_chain
from services.alerts.locking import lock_alert, lock_status_rows
from services.alerts.outbox import load_outbox
from services.alerts.writing import AlertKey, change_writes, notify_statement
from services.rules.escalation import lifecycle
from services.rules.escalation.states import PAGING, AlertState
from services.unit_of_work import execute_writes, transaction

BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class DueAlert:
    """An alert whose due time has come, as it was seen without a lock."""

    clinic_id: UUID
    alert_id: UUID
    patient_id: UUID | None


def due_alerts(now: datetime) -> list[DueAlert]:
    """The alerts whose ladder or acknowledgement time moves now, the longest overdue first.

    Those that wait for the morning mail are not among them: a mail that cannot be queued stays due,
    and must not take the place of a page.
    """
    with transaction() as session:
        rows = session.execute(
            select(Alert.clinic_id, Alert.id, Alert.patient_id)
            .where(Alert.next_at <= now, ~_waits_for_mail())
            .order_by(Alert.next_at)
            .limit(BATCH)
        ).all()
    return [DueAlert(*row) for row in rows]


def due_mails(now: datetime) -> list[UUID]:
    """The clinics whose morning mail is due."""
    query = select(Alert.clinic_id).where(Alert.next_at <= now, _waits_for_mail()).distinct()
    with transaction() as session:
        return list(session.scalars(query))


def _waits_for_mail() -> ColumnElement[bool]:
    return and_(Alert.status == "triggered", Alert.ladder_severity.not_in(PAGING))


def advance(due: DueAlert, now: datetime) -> bool:
    """Move one alert by one step, in one transaction. False when somebody else was quicker, or is
    writing about this patient right now: then it is still due the next time.
    """
    with transaction() as session:
        if due.patient_id is not None and not lock_status_rows(
            session, due.clinic_id, [due.patient_id], skip_locked=True
        ):
            return False
        alert = lock_alert(session, due.clinic_id, due.alert_id)
        if alert is None or alert.next_at is None or alert.next_at > now:
            return False
        return _move(session, alert, now)


def _move(session: Session, alert: Alert, now: datetime) -> bool:
    chain = load_chain(session, alert.clinic_id, now, alert.patient_id)
    state = AlertState.of(alert)
    change = lifecycle.time_passed(state, chain.circumstances(now))
    if change.mail:
        return False
    key = AlertKey(alert.clinic_id, alert.id)
    outbox = load_outbox(session, alert.clinic_id, alert.id, now)
    execute_writes(session, change_writes(key, state, change, chain, now, outbox))
    if change.pages:
        session.execute(notify_statement())
    return True
