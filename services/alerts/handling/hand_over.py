"""Hand an alert over to a named colleague: they are paged, and have it when they acknowledge."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.orm import Session

from models import Alert, AlertEvent, Notification, User
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.alerts.chain import Member, members
from services.alerts.handling.colleagues import able_to_take
from services.alerts.handling.locked_alert import LockedAlert, lock_alert_for
from services.alerts.outbox import load_outbox
from services.alerts.writing import notify_statement, page_row, timeline_writes
from services.exceptions import AlreadyResolved, ContentConflict, Invalid
from services.rules.escalation import lifecycle
from services.rules.escalation.states import HANDED_OVER, PageStep
from services.unit_of_work import Write

NOT_THEM: Final = "Choose a colleague who is active, can be reached and may act on this alert."
HAVE_IT: Final = "They have this alert already."


def hand_over(
    actor: Actor, alert_id: UUID, user_id: UUID, now: datetime, asked: UUID | None = None
) -> dict[str, Any]:
    """Page a colleague by name. Whoever has the alert keeps it until they acknowledge, and its end
    stays as it is; where nobody has it, the chain goes on.

    `asked`: the id of the form that asks; the same form again pages nobody anew. Raises `Invalid`
    for whoever is not active, cannot be reached or may not act on it, and for who has it;
    `AlreadyResolved`, `ContentConflict`, `Forbidden`, `NotFound`.
    """
    with acting(actor, now) as session:
        # Before the status row, as a deactivation locks the account first.
        session.execute(select(User.id).where(User.id == user_id).with_for_update(read=True))
        locked = lock_alert_for(session, actor, alert_id, lambda reach: reach.acts, now)
        if locked.is_resolved:
            raise AlreadyResolved
        if asked is not None and _was_asked(locked, asked, user_id):
            return locked.shown("alert_handed_over")
        if user_id in (actor.user_id, locked.alert.acknowledged_by):
            raise Invalid({"user_id": [HAVE_IT]})
        if user_id not in able_to_take(session, locked.alert, [user_id]):
            raise Invalid({"user_id": [NOT_THEM]})
        colleague = members(session, locked.alert.clinic_id, [user_id])[user_id]
        change = lifecycle.handed_over(locked.state)
        form = {} if asked is None else {"asked": str(asked)}
        locked.write(change, _page(locked, colleague), to=str(user_id), **form)
        session.execute(notify_statement())
        return locked.shown("alert_handed_over")


def _was_asked(locked: LockedAlert, asked: UUID, user_id: UUID) -> bool:
    """Has this form paged the colleague before? Raises `ContentConflict` when it was another."""
    earlier = locked.session.scalar(
        select(AlertEvent.detail).where(
            AlertEvent.clinic_id == locked.key.clinic_id,
            AlertEvent.alert_id == locked.key.alert_id,
            AlertEvent.kind == "handed_over",
            AlertEvent.detail.contains({"asked": str(asked)}),
        )
    )
    if earlier is not None and earlier["to"] != str(user_id):
        raise ContentConflict
    return earlier is not None


def _page(locked: LockedAlert, colleague: Member) -> list[Write]:
    """A page of its own step, due now; one to them that is not out stands for it."""
    session, alert, now = locked.session, locked.alert, locked.now
    outbox = load_outbox(session, alert.clinic_id, alert.id, now)
    step = PageStep(alert.page_round, _next_step(session, alert))
    unsent = outbox.waiting.get(colleague.id) or outbox.sending.get(colleague.id)
    event = "page_queued" if unsent is None else "page_still_unsent"
    events = timeline_writes(locked.key, (event,), now, round=step.round, step=step.step)
    if unsent is not None:
        return [_hurried(alert, unsent, step, now), *events]
    row = page_row(locked.key, step, colleague, locked.state.ladder_severity, now)
    return [insert(Notification).values(**row), *events]


def _hurried(alert: Alert, unsent: UUID, step: PageStep, now: datetime) -> Write:
    """While nobody has the alert the page goes on standing for its step of the chain."""
    moved: dict[str, Any] = {}
    if alert.status == "acknowledged":
        moved = {"page_round": step.round, "page_step": step.step}
    at_once = func.least(Notification.due_at, now)
    due_at = case((Notification.state == "sending", Notification.due_at), else_=at_once)
    return (
        update(Notification)
        .where(Notification.clinic_id == alert.clinic_id, Notification.id == unsent)
        .values(due_at=due_at, **moved)
    )


def _next_step(session: Session, alert: Alert) -> int:
    """Each hand-over is a step of its own: the same colleague may be asked again."""
    last = session.scalar(
        select(func.max(Notification.page_step)).where(
            Notification.clinic_id == alert.clinic_id,
            Notification.alert_id == alert.id,
            Notification.page_step >= HANDED_OVER,
        )
    )
    return HANDED_OVER if last is None else last + 1
