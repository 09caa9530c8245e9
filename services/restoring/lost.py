"""What one database acknowledged and another, restored from a backup of it, does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from sqlalchemy import select

from models import RecordId
from services.unit_of_work import transaction

BATCH: Final = 5_000
RECORDS: Final = """
SELECT clinic_id, id, patient_id, kind, received_at FROM record_ids
WHERE received_at <= %s ORDER BY received_at, id
"""


@dataclass(frozen=True, slots=True)
class LostRecord:
    """One record that was acknowledged and is not in the restored database."""

    clinic_id: UUID
    id: UUID
    patient_id: UUID | None
    kind: str
    received_at: datetime


def lost_records(other_url: str, until: datetime) -> Iterator[LostRecord]:
    """Those of the other database, received until then, that this one does not know, oldest first.

    `other_url`: of its auditor's role, as libpq reads it. Every record is looked at, from the first
    on: this database may have gone on since it was restored, so its newest one tells nothing.
    """
    with (
        psycopg.connect(other_url, row_factory=namedtuple_row) as other,
        other.cursor("records") as cursor,
    ):
        cursor.execute(RECORDS, (until,))
        while batch := cursor.fetchmany(BATCH):
            yield from _unknown(batch)


def _unknown(batch: Sequence[Any]) -> Iterator[LostRecord]:
    with transaction() as session:
        ids = [row.id for row in batch]
        known = set(session.scalars(select(RecordId.id).where(RecordId.id.in_(ids))))
    yield from (LostRecord(*row) for row in batch if row.id not in known)
