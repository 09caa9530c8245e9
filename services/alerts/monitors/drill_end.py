"""A drill ends by itself: after one round along its chain, or half an hour."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import and_, select

from models import Alert, Drill
from services.alerts.chain import Chain, load_chain
from services.alerts.handling.stand_down import stand_down_writes
from services.alerts.locking import lock_alert
from services.alerts.writing import AlertKey, change_writes
from services.rules.escalation import lifecycle
from services.rules.escalation.states import AlertState
from services.unit_of_work import execute_writes, transaction

LONGEST: Final = timedelta(minutes=30)


def end_drills(now: datetime) -> int:
    """End the drills whose time has come, each in a transaction of its own; how many."""
    query = (
        select(Drill.clinic_id, Drill.alert_id, Drill.started_by)
        .join(Alert, and_(Alert.clinic_id == Drill.clinic_id, Alert.id == Drill.alert_id))
        .where(Alert.status != "resolved")
        .order_by(Drill.clinic_id)
    )
    with transaction() as session:
        running = session.execute(query).all()
    return sum([end_drill(*each, now) for each in running])


def end_drill(clinic_id: UUID, alert_id: UUID, started_by: UUID, now: datetime) -> bool:
    """End one, if its time has come and nobody has; whoever was paged is stood down."""
    with transaction() as session:
        alert = lock_alert(session, clinic_id, alert_id)
        if alert is None or alert.status == "resolved":
            return False
        chain, state = load_chain(session, clinic_id, now), AlertState.of(alert)
        if now < alert.triggered_at + LONGEST and not _round_is_over(state, chain, now):
            return False
        change = lifecycle.resolved(state, chain.circumstances(now))
        stand_down = stand_down_writes(session, alert, started_by, now)
        key = AlertKey(clinic_id, alert_id)
        execute_writes(session, [*change_writes(key, state, change, chain, now), *stand_down])
        return True


def _round_is_over(state: AlertState, chain: Chain, now: datetime) -> bool:
    """Would time begin another round now?"""
    if state.status != "triggered" or state.next_at is None or state.next_at > now:
        return False
    here = chain.circumstances(now)
    return here.filled(state.ladder_severity, state.page_step + 1) > here.length(
        state.ladder_severity
    )
