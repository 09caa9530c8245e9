"""On which days nothing is due for a patient: those of pauses and of discharges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, and_, bindparam, column, func, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from models import PatientPause
from models.statements import Query, Statement
from services.patients.history.treatments import LAST_REVISION
from services.rules.mood_days import DaySpan
from services.unit_of_work import ask

_ID: Final = PatientPause.patient_id.type
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
_ASKED: Final = (
    func.unnest(bindparam("clinics", type_=ARRAY(_ID)), bindparam("patients", type_=ARRAY(_ID)))
    .table_valued(column("clinic_id", _ID), column("patient_id", _ID))
    .render_derived(name="asked")
)
_OF_PATIENTS: Final = Statement(
    select(*_COLUMNS).join(
        _ASKED,
        and_(
            PatientPause.clinic_id == _ASKED.c.clinic_id,
            PatientPause.patient_id == _ASKED.c.patient_id,
        ),
    )
)


def load_pauses(
    session: Session, patients: Sequence[tuple[UUID, UUID]]
) -> dict[UUID, list[DaySpan]]:
    """The days of each patient, who is given with the clinic before, as they are known now."""
    spans: dict[UUID, list[DaySpan]] = {patient_id: [] for _, patient_id in patients}
    clinics = [clinic_id for clinic_id, _ in patients]
    ask(session, found := Query(_OF_PATIENTS, {"clinics": clinics, "patients": list(spans)}))
    for patient_id, span in _spans(found.rows, LAST_REVISION):
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
