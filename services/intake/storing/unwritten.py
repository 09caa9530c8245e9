"""Harmless forms of one patient that wait to be written, as a few statements of many rows.

What is read meanwhile has to see them: their ids, their series, the status row as it will be.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import PatientStatus
from models.base import Base
from models.statements import Query
from services.access import Actor
from services.alerts.chain import ChainOf
from services.intake.deciding.known import NOTHING_YET, SoFar
from services.patients.status.lock import LockedPatient, lock_status_row
from services.patients.wording import language_of
from services.unit_of_work import Prepared, changed_row, execute_each, execute_writes, new_rows


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The clinic and whom it pages, and the language of whoever writes, read when somebody asks."""

    chain: ChainOf
    own_language: Query

    @classmethod
    def of(
        cls, session: Session, actor: Actor, patient: LockedPatient, now: datetime
    ) -> Surroundings:
        """What is around an entry of this patient."""
        own = language_of(actor)
        return cls(ChainOf(session, patient.clinic_id, now, patient.patient_id, own), own)


# A table, and which of its columns are given.
Shape = tuple[type[Base], tuple[str, ...]]
TableRow = tuple[type[Base], dict[str, Any]]


@dataclass(slots=True)
class Unwritten:
    """`status`: the patient's locked row as it will be, `changed`: the columns that will differ.
    `so_far`: what is decided with before it is stored. `writes_made`: how often the database has
    become another one, by `write` or right after it.
    """

    session: Session
    patient_id: UUID | None = None
    status: Any = None
    ids: set[UUID] = field(default_factory=set)
    so_far: SoFar = NOTHING_YET
    rows: dict[Shape, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    changed: dict[str, Any] = field(default_factory=dict)
    writes: list[Prepared] = field(default_factory=list)
    writes_made: int = 0
    clinics: dict[UUID, Surroundings] = field(default_factory=dict)

    def lock(self, patient_id: UUID) -> Any:
        """The patient's status row, locked, as it is once all is written."""
        if self.patient_id != patient_id:
            self.write()
            row = lock_status_row(self.session, patient_id)
            self.patient_id, self.status = patient_id, SimpleNamespace(**row._asdict())
        return self.status

    def around(self, actor: Actor, patient: LockedPatient, now: datetime) -> Surroundings:
        """What is around every entry of this patient, read once."""
        if patient.patient_id not in self.clinics:
            self.clinics[patient.patient_id] = Surroundings.of(self.session, actor, patient, now)
        return self.clinics[patient.patient_id]

    def is_needed_for(self, entry_id: UUID, root_id: UUID, is_plain: bool) -> bool:
        """Must it be written before such an entry is taken in? What is plain rests on the rest of
        it as it is here.
        """
        return bool(self.ids) and (not is_plain or entry_id in self.ids or root_id in self.ids)

    def add(
        self,
        ids: Collection[UUID],
        rows: Sequence[TableRow],
        changed: Mapping[str, Any],
        writes: Sequence[Prepared],
    ) -> None:
        """Keep what is to be written of an entry; `ids`: its own and that of its first version."""
        self.ids.update(ids)
        for table, row in rows:
            self.rows[table, tuple(row)].append(row)
        self.changed |= changed
        self.writes += writes
        self.status = SimpleNamespace(
            **{name: self.changed.get(name, value) for name, value in vars(self.status).items()}
        )

    def write(self) -> None:
        """Write all of it: what is asked next, the database knows."""
        self.writes_made += 1
        at_once = [new_rows(table, rows) for (table, _), rows in self.rows.items()]
        if self.changed:
            which = {"patient_id": self.patient_id}
            at_once.append(changed_row(PatientStatus, which, self.changed))
        execute_writes(self.session, at_once)
        # Several of them may change the same row.
        execute_each(self.session, self.writes)
        self.patient_id = self.status = None
        self.ids, self.changed, self.writes = set(), {}, []
        self.rows.clear()
        self.so_far = NOTHING_YET
