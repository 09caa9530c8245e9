"""Who asked that a patient be erased, and who confirmed it."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic
from models.encryption import EncryptedText


class Erasure(OfClinic, Identified, Base):
    """One erasure, for ever: the patient and the account that it names are gone from `erased_at`
    on, and so is the reason; of one that was taken back the reason alone.

    `confirmed_by`: an administrator who did not ask for it; null where the operator confirmed.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        of_clinic("requested_by", "users"),
        of_clinic("confirmed_by", "users"),
        of_clinic("withdrawn_by", "users"),
        CheckConstraint("confirmed_by <> requested_by", name="by_two"),
        CheckConstraint("erased_at IS NULL OR confirmed_at IS NOT NULL", name="confirmed_first"),
        CheckConstraint(
            "withdrawn_at IS NULL OR (confirmed_at IS NULL AND erased_at IS NULL)", name="not_both"
        ),
        CheckConstraint(
            "(erased_at IS NULL AND withdrawn_at IS NULL) = (reason IS NOT NULL)",
            name="reason_goes",
        ),
        Index(
            "uq_erasures_one_open_a_patient",
            "clinic_id",
            "patient_id",
            unique=True,
            postgresql_where="erased_at IS NULL AND withdrawn_at IS NULL",
        ),
        Index("ix_erasures_clinic_id_requested_at", "clinic_id", "requested_at", "id"),
    )

    patient_id: Mapped[UUID]
    user_id: Mapped[UUID | None]
    reason: Mapped[str | None] = mapped_column(EncryptedText("erasures.reason"))
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    confirmed_by: Mapped[UUID | None]
    confirmed_at: Mapped[datetime | None]
    erased_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
    withdrawn_at: Mapped[datetime | None]
