"""Exports of a patient's data that somebody asked for."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import Base, Identified, OfClinic, of_clinic


class PatientExport(OfClinic, Identified, Base):
    """One export. Nothing of it is kept: it is made of what is there whenever it is read, by who
    asked for it, until it expires.
    """

    __tablename__ = "exports"
    __table_args__ = (
        of_clinic("patient_id", "patients"),
        of_clinic("requested_by", "users"),
        Index("ix_exports_clinic_id_patient_id", "clinic_id", "patient_id"),
        Index("ix_exports_clinic_id_requested_by", "clinic_id", "requested_by"),
        Index("ix_exports_expires_at", "expires_at"),
    )

    patient_id: Mapped[UUID]
    requested_by: Mapped[UUID]
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
