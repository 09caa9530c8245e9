"""What one database acknowledged and another, restored from a backup of it, does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import func, select

from models import RecordId
from services.unit_of_work import transaction

BATCH: Final = 5_000
# Read before its commit: of two entries the one that came in later may have been stored sooner.
OVERLAP: Final = timedelta(hours=1)
RECORDS: Final = """
SELECT clinic_id, id, patient_id, kind, received_at FROM record_ids
WHERE received_at >= %s AND received_at <= %s ORDER BY received_at, id
"""


@dataclass(frozen=True, slots=True)
class LostRecord:
    """One record that was acknowledged and is not in the restored database."""

    clinic_id: UUID
    id: UUID
    patient_id: UUID | None
    kind: str
    received_at: datetime


def lost_records(other_url: str, until: datetime, *, everything: bool) -> Iterator[LostRecord]:
    """Those of the other database, received until then, that this one does not know, oldest first.

    `other_url`: of its auditor's role, as libpq reads it. By default from shortly before the newest
    record of this database on; `everything`: from the first.
    """
    since = datetime.min.replace(tzinfo=until.tzinfo) if everything else _newest(until) - OVERLAP
    with (
        psycopg.connect(other_url, row_factory=namedtuple_row) as other,
        other.cursor("records") as cursor,
    ):
        cursor.execute(RECORDS, (since, until))
        while batch := cursor.fetchmany(BATCH):
            yield from _unknown(batch)


def _newest(until: datetime) -> datetime:
    with transaction() as session:
        newest = session.scalar(select(func.max(RecordId.received_at)))
    return newest or until - timedelta(days=365 * 50)


def _unknown(batch: Sequence[Any]) -> Iterator[LostRecord]:
    with transaction() as session:
        ids = [row.id for row in batch]
        known = set(session.scalars(select(RecordId.id).where(RecordId.id.in_(ids))))
    yield from (LostRecord(*row) for row in batch if row.id not in known)
