"""Harmless forms of one patient that wait to be written, as a few statements of many rows.

What is read meanwhile has to see them: their ids, their series, the status row as it will be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, insert, update
from sqlalchemy.orm import Session

from models import PatientStatus
from models.base import Base
from services.patients.status.lock import lock_status_row
from services.rules.day_series import SeriesEntry
from services.unit_of_work import Write, execute_writes

TableRow = tuple[type[Base], dict[str, Any]]


@dataclass(slots=True)
class Unwritten:
    """`status`: the patient's locked row as it will be, `changed`: the columns that will differ.
    `series`: by instrument, what joined it. `writes_made`: how often the database has become
    another one, by `write` or right after it.
    """

    session: Session
    patient_id: UUID | None = None
    status: Any = None
    ids: set[UUID] = field(default_factory=set)
    series: dict[str, list[SeriesEntry]] = field(default_factory=lambda: defaultdict(list))
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[str, Any] = field(default_factory=dict)
    writes: list[Write] = field(default_factory=list)
    writes_made: int = 0

    def lock(self, patient_id: UUID) -> Any:
        """The patient's status row, locked, as it is once all is written."""
        if self.patient_id != patient_id:
            self.write()
            row = lock_status_row(self.session, patient_id)
            self.patient_id, self.status = patient_id, SimpleNamespace(**row._asdict())
        return self.status

    def add(
        self,
        entry_id: UUID,
        rows: Sequence[TableRow],
        changed: Mapping[str, Any],
        writes: Sequence[Write],
    ) -> None:
        """Keep what is to be written of an entry."""
        self.ids.add(entry_id)
        for table, row in rows:
            self.rows[table].append(row)
        self.changed |= changed
        self.writes += writes
        self.status = SimpleNamespace(
            **{name: self.changed.get(name, value) for name, value in vars(self.status).items()}
        )

    def write(self) -> None:
        """Write all of it: what is asked next, the database knows."""
        self.writes_made += 1
        for table, rows in self.rows.items():
            self.session.execute(insert(cast(Table, table.__table__)), rows)
        if self.changed:
            row = update(PatientStatus).where(PatientStatus.patient_id == self.patient_id)
            self.session.execute(row.values(**self.changed))
        for write in self.writes:
            execute_writes(self.session, [write])
        self.patient_id = self.status = None
        self.ids, self.changed, self.writes = set(), {}, []
        self.rows.clear()
        self.series.clear()
