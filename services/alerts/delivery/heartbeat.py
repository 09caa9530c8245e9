"""A worker shows that it is at work: somebody must notice when no worker is."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from models import WorkerHeartbeat
from models.base import new_id
from services.unit_of_work import transaction

EVERY: Final = timedelta(seconds=5)
FORGOTTEN_AFTER: Final = timedelta(days=1)


@dataclass
class Heartbeat:
    """One worker process's row; it is written from the loop that wakes the senders."""

    started_at: datetime
    id: UUID = field(default_factory=new_id)
    beat_at: datetime | None = None

    def beat(self, now: datetime) -> None:
        """Write the row, at most every 5 s; rows of workers that ended long ago are dropped."""
        if self.beat_at is not None and now - self.beat_at < EVERY:
            return
        row = {"id": self.id, "started_at": self.started_at, "beat_at": now}
        with transaction() as session:
            session.execute(
                insert(WorkerHeartbeat)
                .values(row)
                .on_conflict_do_update(index_elements=["id"], set_={"beat_at": now})
            )
            session.execute(
                delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < now - FORGOTTEN_AFTER)
            )
        self.beat_at = now
