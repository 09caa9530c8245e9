"""The message of a claimed notification and its recipient, as things are when it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, bindparam, null, or_, select
from sqlalchemy.orm import Session

from models import Alert, Clinic, Contact, ContactMethod, DigestAlert, Notification, User
from models.encryption import KeyringError
from models.on_call.drill import DRILL
from models.statements import Query, Statement
from services.accounts.letters import letter_of
from services.alerts.chain import is_reachable, load_chain, next_target, target_names
from services.alerts.delivery.claiming import Claimed
from services.alerts.delivery.reasons import why_last_resort
from services.channels.base import AlertNotice, ChannelError, Letter, Message, NextPage, Page
from services.contact_methods.codes import is_about_methods, letter_about_methods
from services.rules.escalation.states import AlertState
from services.rules.languages.wording import IN_ENGLISH, Wording, chosen_language, wording
from services.rules.mood_days import find_zone
from services.unit_of_work import ask, transaction

SHOWN: Final = ("id", "severity", "status", "triggered_at")
# Carries the fields of the alert and no sentence: what these rest on need not be read.
WORDLESS: Final = ("webhook",)


class NotSent(ChannelError):
    """It was not even tried, and says nothing of the address."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason, permanent=True)


class Withdrawn(NotSent):
    """What it was to say is not true any more: nobody needs it."""


def load_message(claimed: Claimed, now: datetime) -> Message:
    """Read address and content. Raises `ChannelError` for a recipient that has left since, for
    what no key of this process opens, and for a letter that has come too late; `Withdrawn` for what
    is about resolved alerts only, and for a stand-down from an alert that nobody has any more.
    """
    with transaction() as session:
        if claimed.severity is None:
            return _letter(session, claimed, now)
        alerts = _still_true(claimed, session.scalars(_alerts(claimed)).all())
        try:
            address, signing_secret = _recipient(session, claimed)
        except KeyringError as error:
            raise ChannelError("address_unreadable") from error
        page = Page(
            claimed.notification_id,
            address,
            claimed.severity,
            tuple(AlertNotice(*(getattr(one, name) for name in SHOWN)) for one in alerts),
            signing_secret,
            kind=claimed.kind,
            receipt_key=claimed.receipt_key,
            personal=claimed.method_id is not None,
            drill=alerts[0].family == DRILL,
        )
        return page if claimed.channel in WORDLESS else _worded(session, claimed, page, alerts[0])


def _worded(session: Session, claimed: Claimed, page: Page, alert: Alert) -> Page:
    """With what only a page in words says."""
    clinic = session.execute(
        select(Clinic.name, Clinic.timezone).where(Clinic.id == claimed.clinic_id)
    ).one()
    return replace(
        page,
        clinic=clinic.name,
        zone=find_zone(clinic.timezone) or UTC,
        first_id=_first_page(session, claimed),
        next_page=_next_page(session, claimed, alert),
        why=why_last_resort(session, claimed),
    )


def _still_true(claimed: Claimed, alerts: Sequence[Alert]) -> Sequence[Alert]:
    if claimed.kind == "stand_down":
        if not alerts or alerts[0].status == "triggered":  # none: its patient was erased
            raise Withdrawn("nobody_has_it")
        return alerts
    waiting = [alert for alert in alerts if alert.status != "resolved"]
    if not waiting:
        raise Withdrawn("alert_resolved")
    return waiting


def _first_page(session: Session, claimed: Claimed) -> UUID | None:
    """The alert's first page, which later mails about it refer to; None when this is it."""
    if claimed.alert_id is None:
        return None
    first = session.scalar(
        select(Notification.id)
        .where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.alert_id == claimed.alert_id,
            Notification.kind == "page",
        )
        .order_by(Notification.id)
        .limit(1)
    )
    return None if first == claimed.notification_id else first


def _next_page(session: Session, claimed: Claimed, alert: Alert) -> NextPage | None:
    """Who hears of the alert next if nobody acts; of a morning mail nobody asks."""
    state = AlertState.of(alert)
    if claimed.alert_id is None or state.next_at is None:
        return None
    chain = load_chain(session, claimed.clinic_id, state.next_at, alert.patient_id)
    target = next_target(state, chain, target_names(session, claimed.clinic_id))
    return None if target is None else NextPage(target, state.next_at)


def _letter(session: Session, claimed: Claimed, now: datetime) -> Letter:
    """The letter to the address of the account, a method or a contact, as it is now."""
    query = (
        select(
            *(User.email, User.roles, User.language),
            *(Notification.sealed_code, Notification.expires_at),
            *(Clinic.language.label("clinic_language"), Clinic.reviewed_texts),
        )
        .select_from(Notification)
        .join(Clinic, Clinic.id == Notification.clinic_id)
        .outerjoin(
            User, and_(User.clinic_id == Notification.clinic_id, User.id == Notification.user_id)
        )
        .where(
            Notification.clinic_id == claimed.clinic_id,
            Notification.id == claimed.notification_id,
            Notification.lease_token == claimed.lease_token,
            or_(Notification.user_id.is_(None), User.active),
        )
    )
    try:
        found = session.execute(query).one_or_none()
        letter = None if found is None else _written(session, claimed, found, now)
    except KeyringError as error:
        raise ChannelError("code_unreadable") from error
    if letter is None:
        raise NotSent("recipient_left")
    return letter


def _written(session: Session, claimed: Claimed, found: Any, now: datetime) -> Letter:
    if found.expires_at <= now:
        raise NotSent("code_expired")
    address, secret = found.email, None
    if claimed.method_id is not None or claimed.contact_id is not None:
        address, secret = _recipient(session, claimed)
    letter = (claimed.notification_id, address, found.sealed_code, found.expires_at)
    if is_about_methods(found.sealed_code):
        personal = claimed.contact_id is None
        return letter_about_methods(*letter, secret, claimed.receipt_key, personal=personal)
    return letter_of(*letter, _words(found))


def _words(account: Any) -> Wording:
    """A patient's own, as on their phone; staff read English."""
    if "patient" not in (account.roles or ()):
        return IN_ENGLISH
    language = chosen_language(account.language, account.clinic_language)
    return wording(language, account.reviewed_texts)


def _recipient(session: Session, claimed: Claimed) -> tuple[str, str | None]:
    values = {"clinic_id": claimed.clinic_id}
    if claimed.method_id is not None:
        recipient = Query(_METHOD, values | {"method_id": claimed.method_id})
    elif claimed.user_id is not None:
        recipient = Query(_MEMBER_OF_STAFF, values | {"user_id": claimed.user_id})
    else:
        recipient = Query(_CONTACT, values | {"contact_id": claimed.contact_id})
    ask(session, recipient)
    found = recipient.one_or_none()
    if found is None:
        raise NotSent("recipient_left")
    address, signing_secret = found
    return address, signing_secret


def _of(column: Any, name: str) -> ColumnElement[bool]:
    return cast(ColumnElement[bool], column == bindparam(name, type_=column.type))


_METHOD: Final = Statement(
    select(ContactMethod.address, ContactMethod.signing_secret)
    .join(User, and_(User.clinic_id == ContactMethod.clinic_id, User.id == ContactMethod.user_id))
    .where(
        _of(ContactMethod.clinic_id, "clinic_id"),
        _of(ContactMethod.id, "method_id"),
        ContactMethod.active,
        User.active,
    )
)
_MEMBER_OF_STAFF: Final = Statement(
    select(User.email, null()).where(
        _of(User.clinic_id, "clinic_id"), _of(User.id, "user_id"), User.active
    )
)
_CONTACT: Final = Statement(
    select(Contact.address, Contact.signing_secret)
    .outerjoin(User, and_(User.clinic_id == Contact.clinic_id, User.id == Contact.user_id))
    .where(_of(Contact.clinic_id, "clinic_id"), _of(Contact.id, "contact_id"), is_reachable())
)


def carried_alerts(claimed: Claimed) -> ColumnElement[bool]:
    """The alert of a page, or all alerts of a morning mail, as a condition on alerts."""
    if claimed.alert_id is not None:
        return and_(Alert.clinic_id == claimed.clinic_id, Alert.id == claimed.alert_id)
    carried = select(DigestAlert.alert_id).where(
        DigestAlert.clinic_id == claimed.clinic_id,
        DigestAlert.notification_id == claimed.notification_id,
    )
    return and_(Alert.clinic_id == claimed.clinic_id, Alert.id.in_(carried))


def _alerts(claimed: Claimed) -> Select[Alert]:
    return select(Alert).where(carried_alerts(claimed)).order_by(Alert.triggered_at, Alert.id)
