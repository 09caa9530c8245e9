"""A worker shows that it is at work, and what does not work for it: somebody must notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from models import WorkerHeartbeat
from models.base import new_id
from services.operations.safety import REASONS
from services.unit_of_work import transaction

EVERY: Final = timedelta(seconds=5)
FORGOTTEN_AFTER: Final = timedelta(days=1)
_log = structlog.get_logger()


@dataclass
class Heartbeat:
    """One worker process's row; it is written from the loop that wakes the senders. `faults`: words
    of `services.operations.safety.REASONS`.
    """

    started_at: datetime
    id: UUID = field(default_factory=new_id)
    beat_at: datetime | None = None
    faults: tuple[str, ...] = ()
    _written: tuple[str, ...] = ()

    def note(self, faults: tuple[str, ...]) -> None:
        """What does not work now: a line for each that is new, and for each that is over."""
        for word in faults:
            if word not in self.faults:
                _log.warning("worker_fault_found", fault=word, meaning=REASONS[word])
        for word in self.faults:
            if word not in faults:
                _log.info("worker_fault_over", fault=word)
        self.faults = faults

    def beat(self, now: datetime) -> None:
        """Write the row, at most every 5 s, and when there is news; rows of workers that ended long
        ago are dropped.
        """
        faults = self.faults
        is_young = self.beat_at is not None and now - self.beat_at < EVERY
        if is_young and faults == self._written:
            return
        seen = {"beat_at": now, "faults": list(faults)}
        with transaction() as session:
            session.execute(
                insert(WorkerHeartbeat)
                .values(id=self.id, started_at=self.started_at, **seen)
                .on_conflict_do_update(index_elements=["id"], set_=seen)
            )
            session.execute(
                delete(WorkerHeartbeat).where(WorkerHeartbeat.beat_at < now - FORGOTTEN_AFTER)
            )
        self.beat_at, self._written = now, faults
