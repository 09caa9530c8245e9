"""The outbox: the clinic's contact chain, notifications, and every attempt to deliver one."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    CheckConstraint,
    Index,
    SmallInteger,
    bindparam,
)
from sqlalchemy.orm import Mapped, mapped_column

from models.alerts.alert import SEVERITIES
from models.alerts.contact_method import METHOD_KINDS
from models.base import Base, Identified, OfClinic, of_clinic, of_known_clinic, one_of
from models.encryption import EncryptedText

CHAIN_CHANNELS: Final = ("email", "webhook")
CHANNELS: Final = METHOD_KINDS
KINDS: Final = ("page", "digest", "letter", "stand_down")
NOTIFICATION_STATES: Final = (
    "pending",
    "sending",
    "sent",
    "delivered",
    "failed_temporarily",
    "failed_permanently",
)
# Written into the statement: as parameters they would hide the partial index from a prepared plan.
UNFINISHED: Final[BindParameter[Any]] = bindparam(
    "unfinished",
    ("pending", "sending", "failed_temporarily"),
    expanding=True,
    literal_execute=True,
)


class Contact(OfClinic, Identified, Base):
    """One link of the clinic's alert chain, in the order of `position`; the last resort always
    comes last.
    """

    __tablename__ = "contacts"
    __table_args__ = (
        of_known_clinic(),
        of_clinic("user_id", "users"),
        one_of("channel", CHAIN_CHANNELS),
        Index("uq_contacts_position", "clinic_id", "position", unique=True),
        Index(
            "uq_contacts_one_last_resort",
            "clinic_id",
            unique=True,
            postgresql_where="last_resort",
        ),
    )

    position: Mapped[int] = mapped_column(SmallInteger)
    channel: Mapped[str]
    address: Mapped[str] = mapped_column(EncryptedText("contacts.address"))
    signing_secret: Mapped[str | None] = mapped_column(EncryptedText("contacts.signing_secret"))
    user_id: Mapped[UUID | None]
    last_resort: Mapped[bool] = mapped_column(server_default="false")
    active: Mapped[bool] = mapped_column(server_default="true")
    created_at: Mapped[datetime]


class Notification(OfClinic, Identified, Base):
    """One page, morning mail, stand-down or letter to one recipient over one channel. Its id is the
    receiver's idempotency key.

    A stand-down tells a contact that somebody has taken or ended the alert that it was paged about;
    its steps count down from -1.

    A page belongs to one alert, round and step; one that is unsent may come to stand for a later
    step. `created_at`: from when its age counts. a digest carries its alerts in `digest_alerts`.
    The recipient is a contact of the chain, or a person (`user_id`): by a method of theirs, or by
    the account's own mail address. A letter is about no alert: it takes a code to one of these
    while it may still be used (`expires_at`), and keeps the code, encrypted, only until it is sent
    or given up; one to a contact is a test page. The API's role cannot read that column, nor the
    next, so they are loaded only where they are named. `provider_id`: the provider's name for the
    last try; while it is `sent`, `due_at` is when the provider is asked what became of it.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("contact_id", "contacts"),
        of_clinic("user_id", "users"),
        of_clinic("method_id", "contact_methods"),
        one_of("kind", KINDS),
        one_of("channel", CHANNELS),
        one_of("state", NOTIFICATION_STATES),
        one_of("severity", SEVERITIES),
        CheckConstraint(
            "(kind IN ('page', 'stand_down')) = (alert_id IS NOT NULL)", name="page_has_alert"
        ),
        CheckConstraint("num_nonnulls(contact_id, user_id) = 1", name="one_recipient"),
        CheckConstraint("(kind = 'letter') = (severity IS NULL)", name="letter_is_no_alert"),
        CheckConstraint("(kind = 'letter') = (expires_at IS NOT NULL)", name="letter_expires"),
        CheckConstraint(
            "kind <> 'letter' OR channel = 'email' OR num_nonnulls(method_id, contact_id) = 1",
            name="letter_has_an_address",
        ),
        CheckConstraint("method_id IS NULL OR user_id IS NOT NULL", name="method_of_a_person"),
        CheckConstraint(
            "(kind = 'letter' AND state IN ('pending', 'sending', 'failed_temporarily'))"
            " = (sealed_code IS NOT NULL)",
            name="code_kept_until_sent",
        ),
        CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)", name="sending_has_a_lease"
        ),
        Index(
            "uq_notifications_page",
            "clinic_id",
            "alert_id",
            "page_round",
            "page_step",
            "contact_id",
            unique=True,
        ),
        Index(
            "uq_notifications_page_to_a_person",
            "clinic_id",
            "alert_id",
            "page_round",
            "page_step",
            "user_id",
            "method_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
            postgresql_where="kind IN ('page', 'stand_down') AND user_id IS NOT NULL",
        ),
        Index(
            "ix_notifications_to_account",
            "clinic_id",
            "user_id",
            "created_at",
            postgresql_where="user_id IS NOT NULL AND method_id IS NULL",
        ),
        Index(
            "ix_notifications_due",
            "due_at",
            postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
        ),
        Index(
            "ix_notifications_failed",
            "clinic_id",
            "created_at",
            postgresql_where="state = 'failed_permanently'",
        ),
        Index(
            "ix_notifications_asked",
            "due_at",
            postgresql_where="provider_id IS NOT NULL AND state = 'sent'",
        ),
    )

    kind: Mapped[str]
    alert_id: Mapped[UUID | None]
    page_round: Mapped[int]
    page_step: Mapped[int] = mapped_column(SmallInteger)
    contact_id: Mapped[UUID | None]
    user_id: Mapped[UUID | None]
    method_id: Mapped[UUID | None]
    provider_id: Mapped[str | None] = mapped_column(deferred=True)
    channel: Mapped[str]
    severity: Mapped[str | None]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(server_default="0")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[UUID | None]
    sent_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    sealed_code: Mapped[str | None] = mapped_column(
        EncryptedText("notifications.sealed_code"), deferred=True
    )


class DigestAlert(OfClinic, Base):
    """The alerts that one morning mail carries."""

    __tablename__ = "digest_alerts"
    __table_args__ = (
        of_clinic("notification_id", "notifications"),
        of_clinic("alert_id", "alerts"),
    )

    notification_id: Mapped[UUID] = mapped_column(primary_key=True)
    alert_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)


class NotificationAttempt(OfClinic, Identified, Base):
    """One try at delivery and what came of it; `outcome` never carries an address or patient
    data.
    """

    __tablename__ = "notification_attempts"
    __table_args__ = (
        of_clinic("notification_id", "notifications"),
        Index("ix_notification_attempts_notification", "clinic_id", "notification_id", "at"),
        Index("ix_notification_attempts_at", "at"),
    )

    notification_id: Mapped[UUID]
    at: Mapped[datetime]
    outcome: Mapped[str]


class ProviderReport(OfClinic, Identified, Base):
    """What a provider has called back about a notification: put down by the API as it came, taken
    away by the worker. It may be about nothing that we know.
    """

    __tablename__ = "provider_reports"

    notification_id: Mapped[UUID]
    provider_id: Mapped[str | None]
    delivered: Mapped[bool]
    permanent: Mapped[bool]
    reason: Mapped[str]
    received_at: Mapped[datetime]
