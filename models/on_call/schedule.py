"""Schedules of the clinic: rotations are only added, so that the past stays what it was."""

from __future__ import annotations

from datetime import date, datetime, time
from typing import Final
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, Ids, OfClinic, of_clinic, of_known_clinic, one_of
from models.encryption import EncryptedText

ROTATIONS: Final = ("daily", "weekly", "hours")
OVERRIDES: Final = ("cover", "away", "left")


class OnCallSchedule(OfClinic, Identified, Base):
    """One place of duty, such as "nights"."""

    __tablename__ = "on_call_schedules"
    __table_args__ = (of_known_clinic(),)

    name: Mapped[str]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class OnCallRotation(OfClinic, Identified, Base):
    """The rotation in force from an instant on, until that of the next row. One that has begun is
    never changed; planned ones are replaced.

    Its columns are those of `services.rules.rota.rotation.Rotation`.
    """

    __tablename__ = "on_call_rotations"
    __table_args__ = (
        of_clinic("schedule_id", "on_call_schedules"),
        one_of("kind", ROTATIONS),
        CheckConstraint("length > 0", name="length"),
        Index("uq_on_call_rotations_from_at", "clinic_id", "schedule_id", "from_at", unique=True),
    )

    schedule_id: Mapped[UUID]
    from_at: Mapped[datetime]
    timezone: Mapped[str]
    kind: Mapped[str]
    length: Mapped[int] = mapped_column(SmallInteger)
    handover: Mapped[time]
    anchor_on: Mapped[date]
    members: Mapped[Ids]
    first: Mapped[int] = mapped_column(SmallInteger)
    created_at: Mapped[datetime]


class OnCallOverride(OfClinic, Identified, Base):
    """A span in which somebody covers, is away, or has left (`to_at` null: until they are back).

    One that ends early keeps what has passed; one that never began has no length.
    """

    __tablename__ = "on_call_overrides"
    __table_args__ = (
        of_clinic("schedule_id", "on_call_schedules"),
        of_clinic("user_id", "users"),
        of_clinic("created_by", "users"),
        one_of("kind", OVERRIDES),
        CheckConstraint("to_at >= from_at", name="span"),
        CheckConstraint("to_at IS NOT NULL OR kind = 'left'", name="only_left_is_open"),
        Index("ix_on_call_overrides_schedule", "clinic_id", "schedule_id", "created_at", "id"),
    )

    schedule_id: Mapped[UUID]
    user_id: Mapped[UUID]
    kind: Mapped[str]
    from_at: Mapped[datetime]
    to_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(EncryptedText("on_call_overrides.reason"))
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]


class CalendarLink(OfClinic, Identified, Base):
    """A secret address at which a calendar programme reads a schedule, until it is revoked or its
    owner's account ends.
    """

    __tablename__ = "calendar_links"
    __table_args__ = (
        of_clinic("schedule_id", "on_call_schedules"),
        of_clinic("user_id", "users"),
        Index("ix_calendar_links_schedule", "clinic_id", "schedule_id"),
    )

    schedule_id: Mapped[UUID]
    user_id: Mapped[UUID]
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
