"""Who owns an alert: whoever acknowledges takes it, and drops it by leaving."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Alert, User
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.chain import load_chain
from services.alerts.handling.locked_alert import lock_alert_for
from services.alerts.handling.stand_down import stand_down_writes
from services.alerts.locking import lock_status_rows
from services.alerts.outbox import load_outbox
from services.alerts.writing import AlertKey, change_writes, notify_statement
from services.exceptions import AlreadyResolved, TakenMeanwhile, Unauthenticated
from services.rules.escalation import lifecycle
from services.rules.escalation.states import AlertState
from services.unit_of_work import execute_writes


@dataclass(frozen=True, slots=True)
class SeenOwner:
    """Who had the alert on the screen of whoever takes it; None: nobody."""

    user_id: UUID | None


def acknowledge(
    actor: Actor, alert_id: UUID, now: datetime, seen: SeenOwner | None = None
) -> dict[str, Any]:
    """The actor owns the alert from now on, and paging pauses until the acknowledgement ends; who
    was paged before is told to stand down.

    By the owner again it changes nothing; by another person the owner changes and the end stays.
    With `seen`, nobody takes it from somebody of whom they do not know: of two who take it at once
    one has it, and the other gets `TakenMeanwhile`. Raises `AlreadyResolved`, `Forbidden`,
    `NotFound`.
    """
    with acting(actor, now) as session:
        confirm_on_duty(session, actor.user_id)
        locked = lock_alert_for(session, actor, alert_id, lambda reach: reach.acts, now)
        if locked.is_resolved:
            raise AlreadyResolved
        if seen is not None and locked.alert.acknowledged_by not in (
            None,
            actor.user_id,
            seen.user_id,
        ):
            raise TakenMeanwhile
        change = lifecycle.acknowledged(locked.state, actor.user_id, locked.circumstances())
        locked.write(change, stand_down_writes(session, locked.alert, actor.user_id, locked.now))
        return locked.shown("alert_acknowledged")


def owner_deactivated(session: Session, user_id: UUID, now: datetime) -> int:
    """End all acknowledgements of this person, in the transaction that deactivates the account
    (after its row was updated). Returns how many were ended.

    Pages to this person's own contacts are skipped from then on, as `load_chain` leaves them out.
    """
    clinic_id = session.scalars(select(User.clinic_id).where(User.id == user_id)).one()
    acknowledged_by_user = (
        Alert.clinic_id == clinic_id,
        Alert.acknowledged_by == user_id,
        Alert.status == "acknowledged",
    )
    patient_ids = session.scalars(select(Alert.patient_id).where(*acknowledged_by_user))
    lock_status_rows(session, clinic_id, [each for each in patient_ids if each is not None])
    alerts = session.scalars(
        select(Alert)
        .where(*acknowledged_by_user)
        .order_by(Alert.id)
        .with_for_update(key_share=True)
    ).all()
    if not alerts:
        return 0
    for alert in alerts:
        chain = load_chain(session, clinic_id, now, alert.patient_id)
        state = AlertState.of(alert)
        change = lifecycle.owner_deactivated(state, chain.circumstances(now))
        key = AlertKey(clinic_id, alert.id)
        outbox = load_outbox(session, clinic_id, alert.id, now)
        execute_writes(session, change_writes(key, state, change, chain, now, outbox))
    session.execute(notify_statement())
    return len(alerts)


def confirm_on_duty(session: Session, user_id: UUID) -> None:
    """Keep the account active to the end of a transaction that acknowledges something.

    Without it, an acknowledgement that races the deactivation would stand with nobody behind it.
    To be called before the status row is locked, as the deactivation locks the account first.
    Raises `Unauthenticated` for an account that is not active.
    """
    active = session.scalar(
        select(User.active).where(User.id == user_id).with_for_update(read=True)
    )
    if not active:
        raise Unauthenticated
