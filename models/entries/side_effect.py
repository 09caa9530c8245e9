"""What patients report of side effects; the alert worker may not read it."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonList, OfClinic, Strings, of_clinic
from models.encryption import EncryptedText


class SideEffectReport(OfClinic, Base):
    """One version of one report, in the order received; the last is current (`superseded` false).

    `effects` lists `{"code", "grade", "onset_at", "ended_at"}`: codes of the house's list, CTCAE
    grades 1-4, instants in UTC. Pressures in mmHg, heart rate per minute.
    """

    __tablename__ = "side_effect_reports"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("session_id", "treatment_sessions"),
        of_clinic("entered_by", "users"),
        of_clinic("family_id", "token_families"),
        CheckConstraint("version >= 1", name="counts"),
        CheckConstraint("(systolic IS NULL) = (diastolic IS NULL)", name="whole_pressure"),
        CheckConstraint("systolic BETWEEN 40 AND 300", name="systolic"),
        CheckConstraint("diastolic BETWEEN 20 AND 200", name="diastolic"),
        CheckConstraint("heart_rate BETWEEN 20 AND 300", name="heart_rate"),
        Index(
            "uq_side_effect_reports_versions",
            "clinic_id",
            "patient_id",
            "root_id",
            "version",
            unique=True,
        ),
        Index("ix_side_effect_reports_newest", "clinic_id", "patient_id", "recorded_at", "id"),
        Index(
            "ix_side_effect_reports_family_id",
            "clinic_id",
            "family_id",
            postgresql_where="family_id IS NOT NULL",
        ),
        Index(
            "ix_side_effect_reports_session_id",
            "clinic_id",
            "session_id",
            postgresql_where="session_id IS NOT NULL",
        ),
    )

    patient_id: Mapped[UUID] = mapped_column(primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    root_id: Mapped[UUID]
    version: Mapped[int] = mapped_column(SmallInteger)
    superseded: Mapped[bool] = mapped_column(server_default="false")
    session_id: Mapped[UUID | None]
    recorded_at: Mapped[datetime]
    answered_at: Mapped[datetime]
    received_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    timezone: Mapped[str | None]
    zone: Mapped[str]
    utc_offset_s: Mapped[int | None]
    mood_day: Mapped[date]
    effects: Mapped[JsonList]
    systolic: Mapped[int | None] = mapped_column(SmallInteger)
    diastolic: Mapped[int | None] = mapped_column(SmallInteger)
    heart_rate: Mapped[int | None] = mapped_column(SmallInteger)
    note: Mapped[str | None] = mapped_column(EncryptedText("side_effect_reports.note"))
    reason: Mapped[str | None] = mapped_column(EncryptedText("side_effect_reports.reason"))
    flags: Mapped[Strings]
    entered_by: Mapped[UUID | None]
    family_id: Mapped[UUID | None]
    counts_in_trend: Mapped[bool] = mapped_column(server_default="true")
    counts_from_revision: Mapped[int | None]
    revision: Mapped[int]
