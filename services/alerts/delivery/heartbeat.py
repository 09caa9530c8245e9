"""A worker shows that it is at work, and what does not work for it: somebody must notice."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog
from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from models import WorkerHeartbeat
from models.base import new_id
from services.operations.safety import AHEAD_AFTER, REASONS
from services.unit_of_work import transaction

EVERY_S: Final = 5.0
FORGOTTEN_AFTER: Final = timedelta(days=1)
_log = structlog.get_logger()


@dataclass
class Heartbeat:
    """One worker process's row; it is written from the loop that wakes the senders, at the
    database's time: a worker's clock may go back. `faults`: words of
    `services.operations.safety.REASONS`.
    """

    id: UUID = field(default_factory=new_id)
    beat_s: float | None = None
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

    def beat(self, running_s: float) -> None:
        """Write the row, at most every 5 s, and when there is news; rows of workers that ended long
        ago are dropped, and those that are ahead of the database's clock, which was set back.

        `running_s`: seconds of a clock that nobody sets.
        """
        faults = self.faults
        is_young = self.beat_s is not None and running_s - self.beat_s < EVERY_S
        if is_young and faults == self._written:
            return
        now = func.now()
        seen = {"beat_at": now, "faults": list(faults)}
        with transaction() as session:
            session.execute(
                insert(WorkerHeartbeat)
                .values(id=self.id, started_at=now, **seen)
                .on_conflict_do_update(index_elements=["id"], set_=seen)
            )
            session.execute(
                delete(WorkerHeartbeat).where(
                    ~WorkerHeartbeat.beat_at.between(now - FORGOTTEN_AFTER, now + AHEAD_AFTER)
                )
            )
        self.beat_s, self._written = running_s, faults
