"""Drills: marked alerts about nobody that went down the real chain."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from models.base import Base, Identified, OfClinic, of_clinic, one_of
from models.on_call.policy import CLIMBING

# The family and the rule of its alert, which is about no patient.
DRILL: Final = "drill"


class Drill(OfClinic, Identified, Base):
    """Who let which alert down the chain; all that came of it stands with the alert."""

    __tablename__ = "drills"
    __table_args__ = (
        of_clinic("alert_id", "alerts"),
        of_clinic("started_by", "users"),
        one_of("severity", CLIMBING),
        Index("ix_drills_alert_id", "clinic_id", "alert_id"),
    )

    alert_id: Mapped[UUID]
    severity: Mapped[str]
    started_by: Mapped[UUID]
    started_at: Mapped[datetime]
