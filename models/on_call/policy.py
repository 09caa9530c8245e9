"""Escalation policies: whom an alert of a severity pages, step by step."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base, JsonList, OfClinic, of_known_clinic, one_of

# What climbs; medium is one mail in the morning, low waits in the list.
CLIMBING: Final = ("critical", "high")


class OnCallPolicy(OfClinic, Base):
    """The policy of a severity; without one the clinic's contact chain is it.

    `steps`: `[{"delay_s", "targets": [{"schedule_id"} | {"user_id"} | {"everyone"}]}]`.
    """

    __tablename__ = "on_call_policies"
    __table_args__ = (of_known_clinic(), one_of("severity", CLIMBING))

    severity: Mapped[str] = mapped_column(primary_key=True)
    steps: Mapped[JsonList]
    changed_at: Mapped[datetime]
