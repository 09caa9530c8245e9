"""What patients agreed to, in which version, and when they took it back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped

from models.base import Base, Identified, OfClinic, of_clinic


class Consent(OfClinic, Identified, Base):
    """One acceptance of one version, as it was read in one language.

    `accepted_by`, `withdrawn_by`: the account, of the patient or of whoever entered it for them.
    """

    __tablename__ = "consents"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("accepted_by", "users"),
        of_clinic("withdrawn_by", "users"),
        CheckConstraint("(withdrawn_at IS NULL) = (withdrawn_by IS NULL)", name="withdrawn"),
        Index("ix_consents_clinic_id_patient_id", "clinic_id", "patient_id", "accepted_at", "id"),
    )

    patient_id: Mapped[UUID]
    version: Mapped[str]
    language: Mapped[str]
    accepted_at: Mapped[datetime]
    accepted_by: Mapped[UUID]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_by: Mapped[UUID | None]
