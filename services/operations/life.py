"""An API process says that it is at work: what no process covers is an outage, which is no silence
of patients (N1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from models import ApiLife
from models.base import new_id
from services.rules.danger.outages import Life, life_at
from services.unit_of_work import transaction

# Longer than any silence that is not reported yet, pauses left out.
FORGOTTEN_AFTER: Final = timedelta(days=90)


@dataclass
class SignsOfLife:
    """The row of one process, which nobody else writes: no lock of another one holds it up."""

    _id: UUID | None = None
    _life: Life | None = None
    _left_s: float = 0.0

    def leave(self, now: datetime, running_s: float) -> None:
        """Write that this process is at work, and forget the lives of long ago.

        `running_s`: seconds of a clock that nobody sets. Raises SQLAlchemy's errors for a database
        that is gone, or that only reads: nobody could answer then.
        """
        last = self._life
        life = life_at(last, now, timedelta(seconds=running_s - self._left_s))
        is_new = last is None or life.from_at > last.until_at
        kept_as = new_id() if is_new or self._id is None else self._id
        span = {"from_at": life.from_at, "until_at": life.until_at}
        with transaction() as session:
            session.execute(
                insert(ApiLife)
                .values(id=kept_as, **span)
                .on_conflict_do_update(index_elements=["id"], set_=span)
            )
            session.execute(delete(ApiLife).where(ApiLife.until_at < now - FORGOTTEN_AFTER))
        self._id, self._life, self._left_s = kept_as, life, running_s
