"""What the service knows of itself: no clinic, no patient, no person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, SmallInteger
from sqlalchemy.orm import Mapped, mapped_column

from models.base import EMPTY_STRINGS, Base, Identified, Strings


class WorkerHeartbeat(Identified, Base):
    """One worker process, when it was last seen at work, and what does not work for it."""

    __tablename__ = "worker_heartbeats"

    started_at: Mapped[datetime]
    beat_at: Mapped[datetime]
    faults: Mapped[Strings] = mapped_column(server_default=EMPTY_STRINGS)


class Probe(Base):
    """The one row that a readiness probe writes: a database that only reads is not ready."""

    __tablename__ = "probes"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    written_at: Mapped[datetime]
