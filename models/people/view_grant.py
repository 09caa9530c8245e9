"""Break-glass: somebody sees a patient outside their view, for an hour and for a reason."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, Identified, OfClinic, of_clinic
from models.encryption import EncryptedText


class ViewGrant(OfClinic, Identified, Base):
    """Who has which patient in view until when, and why."""

    __tablename__ = "view_grants"
    __table_args__ = (
        of_clinic("user_id", "users"),
        of_clinic("patient_id", "patients"),
        CheckConstraint("ends_at >= granted_at", name="ends"),
        Index("ix_view_grants_clinic_id_user_id", "clinic_id", "user_id", "ends_at"),
        Index("ix_view_grants_clinic_id_patient_id", "clinic_id", "patient_id"),
    )

    user_id: Mapped[UUID]
    patient_id: Mapped[UUID]
    granted_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str | None] = mapped_column(EncryptedText("view_grants.reason"))
