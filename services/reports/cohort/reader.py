"""All treated patients of a clinic as the rules take them, a few at a time.

Patients come in the order of their ids, by keyset, so that memory and the length of a read do not
grow with the clinic; a batch costs four reads however many check-ins its patients have sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import CheckIn, Patient, TreatmentCourse
from services.patients.history.check_ins import ENTRY_COLUMNS, entry_of
from services.patients.history.treatments import load_treatments
from services.rules.cohort.course import INSTRUMENT, TreatedPatient
from services.rules.day_series import SeriesEntry
from services.rules.mood_days import find_zone

BATCH: Final = 200


def count_treated(session: Session) -> int:
    """How many patients of the clinic have a course."""
    return session.scalar(select(func.count(TreatmentCourse.patient_id.distinct()))) or 0


def treated_patients(
    session: Session, now: datetime, batch: int = BATCH
) -> Iterator[TreatedPatient]:
    """Every patient with a course, once, in the order of their ids.

    Each read sees what is committed by then: what is entered meanwhile may be in or not.
    """
    after: UUID | None = None
    while zones := _next_patients(session, after, batch):
        ids = list(zones)
        treatments = load_treatments(session, ids)
        entries = _entries(session, ids)
        for one in ids:
            zone = find_zone(zones[one]) or UTC
            yield TreatedPatient(treatments[one], entries[one], zone, now)
        after = ids[-1]


def _next_patients(session: Session, after: UUID | None, batch: int) -> dict[UUID, str]:
    treated = select(TreatmentCourse.id).where(TreatmentCourse.patient_id == Patient.id).exists()
    wanted = select(Patient.id, Patient.timezone).where(treated).order_by(Patient.id).limit(batch)
    if after is not None:
        wanted = wanted.where(Patient.id > after)
    return {row.id: row.timezone for row in session.execute(wanted)}


def _entries(session: Session, patient_ids: Sequence[UUID]) -> dict[UUID, list[SeriesEntry]]:
    """The last version that counts of every form, as `series_rows.counting` has it."""
    found: dict[UUID, list[SeriesEntry]] = {one: [] for one in patient_ids}
    rows = session.execute(
        select(CheckIn.patient_id, *ENTRY_COLUMNS)
        .ext(distinct_on(CheckIn.patient_id, CheckIn.root_id))
        .where(
            CheckIn.patient_id.in_(patient_ids),
            CheckIn.instrument == INSTRUMENT,
            CheckIn.counts_in_trend,
        )
        .order_by(CheckIn.patient_id, CheckIn.root_id, CheckIn.version.desc())
    )
    for row in rows:
        found[row.patient_id].append(entry_of(row))
    return found
