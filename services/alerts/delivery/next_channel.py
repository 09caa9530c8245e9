"""What does not reach a person by one way goes on by their next one, before anybody else's turn."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import Alert, Notification
from services.alerts.chain import member_by
from services.alerts.delivery.claiming import Claimed
from services.alerts.writing import AlertKey, notify_statement, page_row, timeline_writes
from services.contact_methods.addresses import addresses_of
from services.rules.escalation.states import HANDED_OVER, PageStep
from services.unit_of_work import execute_writes

FAILED: Final = ("failed_temporarily", "failed_permanently")


def by_next_channel(
    session: Session, alert: Alert, claimed: Claimed, step: PageStep, now: datetime
) -> bool:
    """A page to a person has failed: queue it by the first way that this step has not tried.

    True while a page to them by another way is out or on its way: nobody else's turn yet. False for
    a contact, which has one address, and for an alert that pages nobody at the moment.
    """
    if claimed.user_id is None or claimed.kind != "page" or not _waits_for(alert, claimed, step):
        return False
    paged = _paged(session, claimed, step)
    if any(state not in FAILED for state in paged.values()):
        return True
    ways = addresses_of(session, claimed.clinic_id, claimed.user_id)
    untried = next((way for way in ways if way.method_id not in paged), None)
    if untried is None:
        return False
    key = AlertKey(alert.clinic_id, alert.id)
    severity = claimed.severity or alert.ladder_severity
    row = page_row(key, step, member_by(claimed.user_id, untried), severity, now)
    events = timeline_writes(
        key, ("next_channel",), now, round=step.round, step=step.step, channel=untried.channel
    )
    execute_writes(session, [insert(Notification).values(**row), *events])
    session.execute(notify_statement())
    return True


def _waits_for(alert: Alert, claimed: Claimed, step: PageStep) -> bool:
    """While somebody has the alert, only a colleague to whom it is being handed over is paged."""
    if alert.status == "acknowledged":
        return step.step >= HANDED_OVER and alert.acknowledged_by != claimed.user_id
    return alert.status == "triggered"


def _paged(session: Session, claimed: Claimed, step: PageStep) -> dict[object, str]:
    """The ways that this step has tried on the person, and what has come of them."""
    rows = session.execute(
        select(Notification.method_id, Notification.state).where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.alert_id == claimed.alert_id,
            Notification.user_id == claimed.user_id,
            Notification.kind == "page",
            Notification.page_round == step.round,
            Notification.page_step == step.step,
        )
    )
    return {row.method_id: row.state for row in rows}
