"""Why the last resort is paged: what came of the pages to everybody before them."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Row, and_, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import Alert, Contact, Notification, NotificationAttempt
from services.alerts.chain import contact_name, people_name
from services.alerts.delivery.claiming import Claimed
from services.channels.base import Receipt

NOBODY_ELSE: Final = "Nobody else is on the contact chain."


def why_last_resort(session: Session, claimed: Claimed) -> tuple[str, ...]:
    """A sentence for each contact before the last resort, and for the people besides the chain, who
    were paged about this alert, by a neutral name; none for any other recipient.
    """
    is_last = select(Contact.last_resort).where(
        Contact.clinic_id == claimed.clinic_id, Contact.id == claimed.contact_id
    )
    if claimed.kind != "page" or not session.scalar(is_last):
        return ()
    return tuple(_sentence(row) for row in session.execute(_before(claimed))) or (NOBODY_ELSE,)


def _before(claimed: Claimed) -> Any:
    """Each of them with what the newest page has come to, and how the last try went."""
    whose = (Notification.contact_id, Notification.user_id)
    newest = (
        select(Notification.id, *whose, Notification.state, Alert.rule)
        .ext(distinct_on(*whose))
        .join(Alert, Alert.id == Notification.alert_id)
        .where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.alert_id == claimed.alert_id,
        )
        .order_by(*whose, Notification.created_at.desc(), Notification.id.desc())
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
    return (
        select(
            Contact.position,
            Contact.channel,
            newest.c.rule,
            newest.c.state,
            outcome.label("outcome"),
        )
        .select_from(newest)
        .outerjoin(
            Contact,
            and_(Contact.clinic_id == claimed.clinic_id, Contact.id == newest.c.contact_id),
        )
        .where(or_(newest.c.user_id.is_not(None), ~Contact.last_resort))
        .order_by(Contact.position.nulls_first(), newest.c.id)
    )


def _sentence(row: Row[Any]) -> str:
    if row.position is None:
        who = people_name(row.rule, "email")
    else:
        who = contact_name(row.position, row.channel)
    if row.state in [receipt.value for receipt in Receipt]:
        return f"{who} was paged and has not acknowledged."
    if row.outcome is None:
        return f"{who}: the page is not out yet."
    return f"{who} could not be reached: {row.outcome}."
