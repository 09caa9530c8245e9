"""The message of a claimed notification and its recipient, as things are when it is sent."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, select
from sqlalchemy.orm import Session

from models import Alert, Contact, DigestAlert, Notification, User
from models.encryption import KeyringError
from services.alerts.chain import is_reachable
from services.alerts.delivery.claiming import Claimed
from services.alerts.delivery.reasons import why_last_resort
from services.channels.base import AlertNotice, ChannelError, Letter, Message, Page
from services.password_reset.letter import letter_of
from services.unit_of_work import transaction


def load_message(claimed: Claimed, now: datetime) -> Message:
    """Read address and content. Raises `ChannelError` for a recipient that has left since, for
    what no key of this process opens, and for a letter that has come too late.
    """
    with transaction() as session:
        if claimed.severity is None:
            return _letter(session, claimed, now)
        try:
            address, signing_secret = _recipient(session, claimed)
        except KeyringError as error:
            raise ChannelError("address_unreadable") from error
        notices = tuple(AlertNotice(*alert) for alert in session.execute(_alerts(claimed)))
        why = why_last_resort(session, claimed)
    return Page(claimed.notification_id, address, claimed.severity, notices, signing_secret, why)


def _letter(session: Session, claimed: Claimed, now: datetime) -> Letter:
    """The letter to the account's address as it is now."""
    query = (
        select(User.email, Notification.sealed_code, Notification.expires_at)
        .select_from(Notification)
        .join(User, and_(User.clinic_id == Notification.clinic_id, User.id == Notification.user_id))
        .where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.id == claimed.notification_id,
            Notification.lease_token == claimed.lease_token,
            User.active,
        )
    )
    try:
        found = session.execute(query).one_or_none()
    except KeyringError as error:
        raise ChannelError("code_unreadable") from error
    if found is None:
        raise ChannelError("recipient_left", permanent=True)
    if found.expires_at <= now:
        raise ChannelError("code_expired", permanent=True)
    return letter_of(claimed.notification_id, found.email, found.sealed_code, found.expires_at)


def _recipient(session: Session, claimed: Claimed) -> tuple[str, str | None]:
    found = (
        _member_of_staff(session, claimed)
        if claimed.user_id is not None
        else _contact(session, claimed)
    )
    if found is None:
        raise ChannelError("recipient_left", permanent=True)
    return found


def _member_of_staff(session: Session, claimed: Claimed) -> tuple[str, str | None] | None:
    email = session.scalar(
        select(User.email).where(
            User.clinic_id == claimed.clinic_id, User.id == claimed.user_id, User.active
        )
    )
    return None if email is None else (email, None)


def _contact(session: Session, claimed: Claimed) -> tuple[str, str | None] | None:
    found = session.execute(
        select(Contact.address, Contact.signing_secret)
        .outerjoin(User, and_(User.clinic_id == Contact.clinic_id, User.id == Contact.user_id))
        .where(
            Contact.clinic_id == claimed.clinic_id,
            Contact.id == claimed.contact_id,
            is_reachable(),
        )
    ).one_or_none()
    return None if found is None else (found.address, found.signing_secret)


def carried_alerts(claimed: Claimed) -> ColumnElement[bool]:
    """The alert of a page, or all alerts of a morning mail, as a condition on alerts."""
    if claimed.alert_id is not None:
        return and_(Alert.clinic_id == claimed.clinic_id, Alert.id == claimed.alert_id)
    carried = select(DigestAlert.alert_id).where(
        DigestAlert.clinic_id == claimed.clinic_id,
        DigestAlert.notification_id == claimed.notification_id,
    )
    return and_(Alert.clinic_id == claimed.clinic_id, Alert.id.in_(carried))


def _alerts(claimed: Claimed) -> Select[UUID, str, str, datetime]:
    return (
        select(Alert.id, Alert.severity, Alert.status, Alert.triggered_at)
        .where(carried_alerts(claimed))
        .order_by(Alert.triggered_at, Alert.id)
    )
