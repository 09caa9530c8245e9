"""Where a patient's reminders go, when the next is planned, and what became of each."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, Strings, of_clinic, one_of
from models.encryption import EncryptedText

PUSH_KINDS: Final = ("webpush", "fcm")
REMINDER_STATES: Final = ("pending", "sent", "failed", "cancelled")


class PushedDevice(OfClinic, Identified, Base):
    """One device of an account, by the id that its app gave it (`device_digest`), and the address
    at its push service. It goes with the log-in (`family_id`) that put it there, and when its
    service does not know it any more. `put_at`: when the app last said where it is reached.
    """

    __tablename__ = "devices"
    __table_args__ = (
        of_clinic("user_id", "users"),
        of_clinic("family_id", "token_families"),
        one_of("kind", PUSH_KINDS),
        Index("uq_devices_device", "clinic_id", "user_id", "device_digest", unique=True),
        Index("uq_devices_subscription", "clinic_id", "subscription_digest", unique=True),
        Index("ix_devices_clinic_id_family_id", "clinic_id", "family_id"),
    )

    user_id: Mapped[UUID]
    family_id: Mapped[UUID]
    device_digest: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str]
    subscription: Mapped[str] = mapped_column(EncryptedText("devices.subscription"))
    subscription_digest: Mapped[bytes] = mapped_column(LargeBinary)
    put_at: Mapped[datetime]


class ReminderPlan(OfClinic, Base):
    """When an account is to be looked at again: at `next_at`, and as soon as the patient's revision
    is another than the one that was planned with.
    """

    __tablename__ = "reminder_plans"
    __table_args__ = (of_clinic("user_id", "users"),)

    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    revision: Mapped[int]
    next_at: Mapped[datetime]


class SentReminder(OfClinic, Identified, Base):
    """One reminder to one device, of the items `keys`; worthless from `until_at` on.

    While it is pending it is tried at `due_at`. `outcome`: one word of why it did not get out. The
    device may be gone since.
    """

    __tablename__ = "reminders"
    __table_args__ = (
        of_clinic("user_id", "users"),
        one_of("state", REMINDER_STATES),
        CheckConstraint("(state = 'pending') = (ended_at IS NULL)", name="ends"),
        Index("ix_reminders_clinic_id_user_id", "clinic_id", "user_id", "at"),
        Index("ix_reminders_due", "clinic_id", "due_at", postgresql_where="state = 'pending'"),
    )

    user_id: Mapped[UUID]
    device_id: Mapped[UUID]
    keys: Mapped[Strings]
    at: Mapped[datetime]
    until_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(server_default="pending")
    attempts: Mapped[int] = mapped_column(SmallInteger, server_default="0")
    due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    outcome: Mapped[str | None]
