"""On which days nothing is due for a patient: those of pauses and of discharges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select, tuple_
from sqlalchemy.orm import Session

from models import PatientPause
from services.patients.history.treatments import LAST_REVISION
from services.rules.mood_days import DaySpan

_COLUMNS: Final = (
    PatientPause.patient_id,
    PatientPause.from_on,
    PatientPause.to_on,
    PatientPause.ended_on,
    PatientPause.ended_revision,
)
# Built once: putting a statement together costs more than running it.
_AT_REVISION: Final = select(*_COLUMNS).where(
    PatientPause.patient_id == bindparam("patient_id", type_=PatientPause.patient_id.type),
    PatientPause.revision <= bindparam("revision", type_=Integer()),
)


def load_pauses(
    session: Session, patients: Sequence[tuple[UUID, UUID]]
) -> dict[UUID, list[DaySpan]]:
    """The days of each patient, who is given with the clinic before, as they are known now."""
    rows = session.execute(
        select(*_COLUMNS).where(
            tuple_(PatientPause.clinic_id, PatientPause.patient_id).in_(patients)
        )
    )
    spans: dict[UUID, list[DaySpan]] = {patient_id: [] for _, patient_id in patients}
    for patient_id, span in _spans(rows, LAST_REVISION):
        spans[patient_id].append(span)
    return spans


def load_pauses_at(session: Session, patient_id: UUID, revision: int) -> list[DaySpan]:
    """The days of one patient as they were planned or had ended at a revision."""
    rows = session.execute(_AT_REVISION, {"patient_id": patient_id, "revision": revision})
    return [span for _, span in _spans(rows, revision)]


def _spans(rows: Iterable[Any], revision: int) -> Iterator[tuple[UUID, DaySpan]]:
    """One that ended early leaves the day on which it ended due."""
    for row in rows:
        last = row.to_on
        if row.ended_on is not None and row.ended_revision <= revision:
            last = min(last, row.ended_on - timedelta(days=1))
        if row.from_on <= last:
            yield row.patient_id, DaySpan(row.from_on, last)
