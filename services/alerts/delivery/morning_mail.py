"""The morning mail: a clinic's medium alerts, several in one, to the first mail address of the
chain and to the patients' care teams.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Select, insert, select, tuple_
from sqlalchemy.orm import Session

from models import Alert, CareTeamMember, Contact, DigestAlert, Notification, User
from models.base import new_id
from models.encryption import KeyringError
from services.alerts.chain import Chain, is_reachable, load_chain
from services.alerts.locking import lock_status_rows
from services.alerts.writing import AlertKey, change_writes, notify_statement, timeline_writes
from services.rules.escalation import lifecycle
from services.rules.escalation.states import PAGING, AlertState, at_least
from services.unit_of_work import Write, execute_writes, transaction

EMAIL: Final = "email"


@dataclass(frozen=True, slots=True)
class Recipient:
    """A contact of the chain or a member of a care team: exactly one of the two."""

    contact_id: UUID | None = None
    user_id: UUID | None = None


def mail_in_the_morning(clinic_id: UUID, now: datetime) -> bool:
    """Queue one mail a recipient with all alerts of the clinic that wait for it now.

    False when there was nothing left to do, or nobody to mail (then it stays due). A second worker
    waits for the locks and finds nothing.
    """
    with transaction() as session:
        alerts = _lock_waiting(session, clinic_id, now)
        if not alerts:
            return False
        chain = load_chain(session, clinic_id)
        recipients = _recipients(session, clinic_id, chain, alerts)
        if not recipients:
            return False
        writes: list[Write] = []
        for alert in alerts:
            state = AlertState.of(alert)
            change = lifecycle.time_passed(state, chain.circumstances(now))
            key = AlertKey(clinic_id, alert.id)
            writes += change_writes(key, state, change, chain, now)
        for recipient, carried in recipients.items():
            writes += digest_writes(clinic_id, recipient, carried, now)
        execute_writes(session, writes)
        session.execute(notify_statement())
        return True


def _lock_waiting(session: Session, clinic_id: UUID, now: datetime) -> Sequence[Alert]:
    waiting = (
        Alert.clinic_id == clinic_id,
        Alert.status == "triggered",
        Alert.ladder_severity.not_in(PAGING),
        Alert.next_at <= now,
    )
    found = session.execute(select(Alert.id, Alert.patient_id).where(*waiting)).all()
    lock_status_rows(session, clinic_id, [row.patient_id for row in found if row.patient_id])
    return session.scalars(
        select(Alert)
        .where(*waiting, Alert.id.in_([row.id for row in found]))
        .order_by(Alert.triggered_at, Alert.id)
        .with_for_update(key_share=True)
    ).all()


def _recipients(
    session: Session, clinic_id: UUID, chain: Chain, alerts: Sequence[Alert]
) -> dict[Recipient, list[Alert]]:
    """Who gets which alerts: the chain's first mail address all of them, a care team its own.

    Whoever is both gets one mail.
    """
    carried: dict[Recipient, list[Alert]] = {}
    first = next((link.contact_id for link in chain.links if link.channel == EMAIL), None)
    reached = None
    if first is not None:
        carried[Recipient(contact_id=first)] = list(alerts)
        reached = _address(session, _of_contact(clinic_id, first))
    for alert in alerts:
        if alert.patient_id is None:
            continue
        for user_id in _care_team(session, clinic_id, alert.patient_id):
            if reached is None or _address(session, _of_user(clinic_id, user_id)) != reached:
                carried.setdefault(Recipient(user_id=user_id), []).append(alert)
    return carried


def _address(session: Session, query: Select[str]) -> str | None:
    """The address that a query finds, to be compared; None when no key of this process opens it:
    then somebody may get two mails, and nobody else goes without.
    """
    try:
        return session.scalars(query).one().casefold()
    except KeyringError:
        return None


def _of_contact(clinic_id: UUID, contact_id: UUID) -> Select[str]:
    return select(Contact.address).where(Contact.clinic_id == clinic_id, Contact.id == contact_id)


def _of_user(clinic_id: UUID, user_id: UUID) -> Select[str]:
    return select(User.email).where(User.clinic_id == clinic_id, User.id == user_id)


def _care_team(session: Session, clinic_id: UUID, patient_id: UUID) -> Sequence[UUID]:
    """Active members of the patient's care team."""
    return session.scalars(
        select(User.id)
        .join(
            CareTeamMember,
            (CareTeamMember.clinic_id == User.clinic_id) & (CareTeamMember.user_id == User.id),
        )
        .where(User.clinic_id == clinic_id, CareTeamMember.patient_id == patient_id, User.active)
        .order_by(User.id)
    ).all()


def digest_writes(
    clinic_id: UUID, recipient: Recipient, alerts: Sequence[Alert], now: datetime
) -> list[Write]:
    """One mail to one recipient, due at once, with the alerts that it carries."""
    notification_id = new_id()
    severity = alerts[0].severity
    for alert in alerts[1:]:
        severity = at_least(severity, alert.severity)
    carried = [
        {"clinic_id": clinic_id, "notification_id": notification_id, "alert_id": alert.id}
        for alert in alerts
    ]
    return [
        insert(Notification).values(
            clinic_id=clinic_id,
            id=notification_id,
            kind="digest",
            page_round=0,
            page_step=0,
            contact_id=recipient.contact_id,
            user_id=recipient.user_id,
            channel=EMAIL,
            severity=severity,
            created_at=now,
            due_at=now,
        ),
        insert(DigestAlert).values(carried),
    ]


def pass_on(session: Session, clinic_id: UUID, notification_id: UUID, now: datetime) -> None:
    """A mail that its address refuses for good goes to the next mail address of the chain, with
    the alerts that are still open; after the last one nobody is left, and the timeline has it.
    """
    refused = session.scalars(
        select(Notification).where(
            Notification.clinic_id == clinic_id, Notification.id == notification_id
        )
    ).one()
    alerts = session.scalars(
        select(Alert)
        .join(
            DigestAlert,
            (DigestAlert.clinic_id == Alert.clinic_id) & (DigestAlert.alert_id == Alert.id),
        )
        .where(
            DigestAlert.clinic_id == clinic_id,
            DigestAlert.notification_id == notification_id,
            Alert.status != "resolved",
        )
        .order_by(Alert.triggered_at, Alert.id)
    ).all()
    following = _following(session, clinic_id, refused.contact_id)
    if not alerts or following is None:
        return
    writes = digest_writes(clinic_id, Recipient(contact_id=following), alerts, now)
    for alert in alerts:
        writes += timeline_writes(AlertKey(clinic_id, alert.id), ("mail_passed_on",), now)
    execute_writes(session, writes)
    session.execute(notify_statement())


def _following(session: Session, clinic_id: UUID, contact_id: UUID | None) -> UUID | None:
    """The mail address after this one, which may have left the chain itself meanwhile. None after
    the last resort, and for a care team's member, whom the chain's own mail covers.
    """
    place = (Contact.last_resort, Contact.position)
    before = select(*place).where(Contact.clinic_id == clinic_id, Contact.id == contact_id)
    found = session.execute(before).one_or_none()
    if found is None:
        return None
    return session.scalar(
        select(Contact.id)
        .outerjoin(User, (User.clinic_id == Contact.clinic_id) & (User.id == Contact.user_id))
        .where(
            Contact.clinic_id == clinic_id,
            Contact.channel == EMAIL,
            is_reachable(),
            tuple_(*place) > tuple_(*found),
        )
        .order_by(*place)
        .limit(1)
    )
