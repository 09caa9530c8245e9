"""Why the last resort is paged: what came of the pages to everybody before them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import Alert, Contact, Notification, NotificationAttempt
from services.alerts.chain import recipient_name, target_names
from services.alerts.delivery.claiming import Claimed
from services.channels.base import Receipt

GOT_OUT: Final = tuple(receipt.value for receipt in Receipt)
NOBODY_ELSE: Final = "Nobody else is on the contact chain."


def why_last_resort(session: Session, claimed: Claimed) -> tuple[str, ...]:
    """A sentence for each contact or person before the last resort, and for the people besides the
    chain, who was paged about this alert; none for any other recipient.
    """
    is_last = select(Contact.last_resort).where(
        Contact.clinic_id == claimed.clinic_id, Contact.id == claimed.contact_id
    )
    if claimed.kind != "page" or not session.scalar(is_last):
        return ()
    names = target_names(session, claimed.clinic_id)
    paged = session.execute(_before(claimed))
    return tuple(_sentence(recipient_name(row, row.rule, names), row) for row in paged) or (
        NOBODY_ELSE,
    )


def _before(claimed: Claimed) -> Any:
    """Each with what the newest page has come to, and how the last try went; of pages by several
    ways in one round, one that got out.
    """
    target = func.coalesce(Notification.contact_id, Notification.user_id)
    got_out = Notification.state.in_(GOT_OUT)
    newest = (
        select(
            Notification.id,
            target.label("target_id"),
            Notification.contact_id,
            Notification.user_id,
            Notification.kind,
            Notification.channel,
            Notification.state,
            Notification.page_step,
            Alert.rule,
        )
        .ext(distinct_on(target))
        .join(Alert, Alert.id == Notification.alert_id)
        .where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.alert_id == claimed.alert_id,
            Notification.kind == "page",
            target != claimed.contact_id,
        )
        .order_by(
            target,
            Notification.page_round.desc(),
            got_out.desc(),
            Notification.created_at.desc(),
            Notification.id.desc(),
        )
        .subquery()
    )
    outcome = (
        select(NotificationAttempt.outcome)
        .where(
            NotificationAttempt.clinic_id == claimed.clinic_id,
            NotificationAttempt.notification_id == newest.c.id,
        )
        .order_by(NotificationAttempt.at.desc(), NotificationAttempt.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    columns = [each for each in newest.c if each.name != "id"]
    return select(*columns, outcome.label("outcome")).order_by(
        newest.c.page_step, newest.c.target_id
    )


def _sentence(who: str, row: Row[Any]) -> str:
    if row.state in GOT_OUT:
        return f"{who} was paged and has not acknowledged."
    if row.outcome is None:
        return f"{who}: the page is not out yet."
    return f"{who} could not be reached: {row.outcome}."
