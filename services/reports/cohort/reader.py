"""The courses of all treated patients of a clinic, a few patients at a time.

Patients come in the order of their ids, by keyset, so that memory and the length of a read do not
grow with the clinic; a batch costs one read, and a few more for those of whom nothing is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from models import CheckIn, KeptOutcomes, Patient, PatientStatus, TreatmentCourse
from services.patients.history.check_ins import ENTRY_COLUMNS, entry_of
from services.patients.history.treatments import load_treatments
from services.reports.cohort.kept import NUMBERS, as_kept, from_kept
from services.rules.cohort.course import (
    INSTRUMENT,
    CourseOutcome,
    TreatedPatient,
    course_outcomes,
    holds_until,
)
from services.rules.day_series import SeriesEntry
from services.rules.mood_days import find_zone

BATCH: Final = 200
# By then no write is under way that bears the same instant as the one before it.
SETTLED: Final = timedelta(minutes=1)
_KEY: Final = frozenset({"clinic_id", "patient_id"})
# A row of what is kept, to be written by `keep`.
ToKeep = Mapping[str, Any]
_Made = tuple[Any, TreatedPatient, tuple[CourseOutcome, ...]]


def count_treated(session: Session) -> int:
    """How many patients of the clinic have a course."""
    return session.scalar(select(func.count(TreatmentCourse.patient_id.distinct()))) or 0


def outcomes_of_all(
    session: Session,
    now: datetime,
    to_keep: Callable[[Sequence[ToKeep]], object],
    *,
    as_of: datetime | None = None,
    batch: int = BATCH,
) -> Iterator[tuple[CourseOutcome, ...]]:
    """The courses of every patient who has one, patient by patient in the order of their ids.

    What is kept of them and still holds is not worked out again; `to_keep` gets what had to be.
    `as_of`: what was committed by then is there, and later writes may be missing; the default is
    `now`.
    """
    settled_by = (as_of or now) - SETTLED
    after: UUID | None = None
    while rows := _next_patients(session, now, after, batch):
        made = _worked_out(session, [row for row in rows if row.courses is None], now)
        to_keep([_row(*one, now) for one in made.values() if _is_settled(one[0], settled_by)])
        for row in rows:
            yield from_kept(row.courses) if row.courses is not None else made[row.id][2]
        after = rows[-1].id


def outdated(session: Session, patient_id: UUID, now: datetime) -> bool:
    """Does what is kept of a patient claim to hold, and differ from a recompute?"""
    for row in session.execute(_patients(now).where(Patient.id == patient_id)):
        if row.courses is not None:
            (patient,) = treated_patients(session, {patient_id: row.timezone}, now)
            return from_kept(row.courses) != course_outcomes(patient)
    return False


def treated_patients(
    session: Session, zones: Mapping[UUID, str], now: datetime
) -> list[TreatedPatient]:
    """These patients, who are given with their zones, as the rules take them."""
    ids = list(zones)
    treatments = load_treatments(session, ids)
    entries = _entries(session, ids)
    return [
        TreatedPatient(treatments[one], entries[one], find_zone(zones[one]) or UTC, now)
        for one in ids
    ]


def _next_patients(
    session: Session, now: datetime, after: UUID | None, batch: int
) -> Sequence[Any]:
    wanted = _patients(now).order_by(Patient.id).limit(batch)
    if after is not None:
        wanted = wanted.where(Patient.id > after)
    return session.execute(wanted).all()


def _patients(now: datetime) -> Select[*tuple[Any, ...]]:
    """The treated, each with `courses` as they are kept; null: not, or not as things are now."""
    treated = select(TreatmentCourse.id).where(TreatmentCourse.patient_id == Patient.id).exists()
    status = and_(
        PatientStatus.clinic_id == Patient.clinic_id, PatientStatus.patient_id == Patient.id
    )
    kept = and_(
        KeptOutcomes.clinic_id == Patient.clinic_id,
        KeptOutcomes.patient_id == Patient.id,
        KeptOutcomes.figures_at == PatientStatus.two_week_figures_at,
        KeptOutcomes.timezone == Patient.timezone,
        KeptOutcomes.numbers == NUMBERS,
        KeptOutcomes.looked_at <= now,
        or_(KeptOutcomes.holds_until.is_(None), KeptOutcomes.holds_until > now),
    )
    columns = (
        Patient.clinic_id,
        Patient.id,
        Patient.timezone,
        PatientStatus.two_week_figures_at.label("figures_at"),
        KeptOutcomes.courses,
    )
    joined = select(*columns).outerjoin(PatientStatus, status).outerjoin(KeptOutcomes, kept)
    return joined.where(treated)


def _worked_out(session: Session, rows: Sequence[Any], now: datetime) -> dict[UUID, _Made]:
    """Of these patients. Who they are was read before: what comes in meanwhile moves `figures_at`,
    and what is kept of them no longer holds.
    """
    if not rows:
        return {}
    patients = treated_patients(session, {row.id: row.timezone for row in rows}, now)
    both = zip(rows, patients, strict=True)
    return {row.id: (row, patient, course_outcomes(patient)) for row, patient in both}


def _is_settled(row: Any, by: datetime) -> bool:
    return row.figures_at is not None and row.figures_at < by


def _row(
    row: Any, patient: TreatedPatient, courses: Sequence[CourseOutcome], now: datetime
) -> ToKeep:
    return {
        "clinic_id": row.clinic_id,
        "patient_id": row.id,
        "figures_at": row.figures_at,
        "timezone": row.timezone,
        "looked_at": now,
        "holds_until": holds_until(patient),
        "numbers": NUMBERS,
        "courses": as_kept(courses),
    }


def keep(session: Session, rows: Sequence[ToKeep]) -> None:
    """Write what was worked out, of those who are still there: it may have been read elsewhere, and
    a while ago.
    """
    ids = [row["patient_id"] for row in rows]
    # As a foreign key locks them: nobody is erased in between.
    there = select(Patient.id).where(Patient.id.in_(ids)).order_by(Patient.id)
    known = set(session.scalars(there.with_for_update(read=True, key_share=True))) if ids else set()
    kept = [row for row in rows if row["patient_id"] in known]
    if kept:
        insert = upsert(KeptOutcomes)
        key = [KeptOutcomes.clinic_id, KeptOutcomes.patient_id]
        changed = {name: insert.excluded[name] for name in kept[0] if name not in _KEY}
        session.execute(insert.on_conflict_do_update(index_elements=key, set_=changed), kept)


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
