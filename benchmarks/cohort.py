"""The outcomes of a whole clinic, read as the command line reads them: time and memory."""

from __future__ import annotations

import time
import tracemalloc
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final
from uuid import UUID

import psycopg

from benchmarks.bench import Bench, Line
from benchmarks.bulk import copy_rows
from benchmarks.world import a_clinic
from models import (
    CheckIn,
    CourseVersion,
    Patient,
    PatientStatus,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
)
from models.base import new_id
from services.evaluation.simulation.outcomes import LOOKED_AT, simulated_patients
from services.reports.cohort.outcomes import Asked, export_outcomes
from services.rules.cohort.course import TreatedPatient
from services.rules.day_series import SeriesEntry
from tests.builders.world import ClinicWorld

SEED: Final = 1
BATCH: Final = 500
# Memory is flat when twice the patients take no more than this times the memory; durations of a
# year of days have to be there first.
FLAT: Final = 1.25
KB: Final = 1024
AIM_S: Final = 1.0
AIM_OF: Final = 10_000


def run(bench: Bench) -> list[Line]:
    """One clinic that grows."""
    clinic = a_clinic(bench.app)
    staff_id = clinic.staff().user_id
    people = simulated_patients(bench.sizes.patients[-1], SEED)
    lines, peaks, there = [], [], 0
    for patients in bench.sizes.patients:
        fresh, there = patients - there, patients
        _fill(bench, clinic, staff_id, people, fresh)
        first = _read(bench, clinic, patients, f"reading {patients} patients, {fresh} of them new")
        again = _read(bench, clinic, patients, f"reading {patients} patients")
        peaks.append(_peak(bench, clinic, patients))
        seen = f"{first:.2f} s ({1000 * first / fresh:.2f} ms a new patient)"
        lines.append(Line(f"cohort of {patients:,}, {fresh:,} of them for the first time", seen))
        seen = f"{again:.2f} s ({1000 * again / patients:.3f} ms a patient)"
        aim, good = (f"< {AIM_S:g} s", again < AIM_S) if patients == AIM_OF else ("", None)
        lines.append(Line("  again, from what is kept", seen, aim, good))
    times = peaks[-1] / peaks[-2]
    seen = ", ".join(f"{peak / KB:,.0f} kB" for peak in peaks) + f": {times:.2f} x"
    names = " / ".join(f"{patients:,}" for patients in bench.sizes.patients)
    return [*lines, Line(f"  peak of memory, {names}", seen, f"flat (< {FLAT:g} x)", times < FLAT)]


def _read(bench: Bench, clinic: ClinicWorld, patients: int, what: str) -> float:
    """Seconds; the progress is the service's own."""
    began = time.perf_counter()
    with bench.app.app_context(), bench.steps(what, patients) as done:

        def watch(_number: int, _total: int) -> None:
            done(1)

        found = export_outcomes(clinic.id, Asked(), LOOKED_AT, watch)
    taken = time.perf_counter() - began
    assert found.document()["groups"][0]["courses"] >= patients
    return taken


def _peak(bench: Bench, clinic: ClinicWorld, patients: int) -> int:
    """Bytes that Python held at most beyond what it held before."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        _read(bench, clinic, patients, f"reading {patients} patients, memory traced")
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def _fill(
    bench: Bench,
    clinic: ClinicWorld,
    staff_id: UUID,
    people: Iterator[TreatedPatient],
    patients: int,
) -> None:
    with (
        psycopg.connect(bench.admin_url, autocommit=True) as connection,
        bench.steps(f"storing {patients} patients", patients) as done,
    ):
        while some := list(islice(people, min(BATCH, patients))):
            patients -= len(some)
            rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
            for person in some:
                for model, row in _rows(clinic.id, staff_id, person):
                    rows[model].append(row)
            copy_rows(connection, rows)
            done(len(some))
            if not patients:
                break
    bench.settle()


def _rows(
    clinic_id: UUID, staff_id: UUID, person: TreatedPatient
) -> Iterator[tuple[Any, dict[str, Any]]]:
    patient_id, begun = new_id(), LOOKED_AT - timedelta(days=400)
    yield (
        Patient,
        {"clinic_id": clinic_id, "id": patient_id, "name": "Simulated"}
        | {"timezone": "UTC", "created_at": begun},
    )
    theirs = {"clinic_id": clinic_id, "patient_id": patient_id}
    yield PatientStatus, {**theirs, "two_week_figures_at": begun}
    entered = {"version": 1, "entered_by": staff_id, "entered_at": begun, "revision": 1}
    courses: dict[str, UUID] = {}
    for course in person.treatment.courses:
        courses[course.id] = course_id = new_id()
        yield TreatmentCourse, {**theirs, "id": course_id, "created_at": begun}
        yield (
            CourseVersion,
            {**theirs, **entered, "course_id": course_id, "product": course.product}
            | {"phase": course.phase, "started_on": course.started_on},
        )
    for session in person.treatment.sessions:
        session_id = new_id()
        yield TreatmentSession, {**theirs, "id": session_id, "created_at": begun}
        yield (
            TreatmentSessionVersion,
            {**theirs, **entered, "session_id": session_id, "course_id": courses[session.course_id]}
            | {"started_at": session.started_at, "product": session.product}
            | {"route": session.route, "supervision": "clinic"},
        )
    for entry in person.entries:
        yield CheckIn, theirs | _check_in(entry, begun)


def _check_in(entry: SeriesEntry, received_at: datetime) -> dict[str, Any]:
    record_id = new_id()
    return {
        "id": record_id,
        "root_id": record_id,
        "version": 1,
        "instrument": "phq9",
        "instrument_version": "1",
        "mood_day": entry.mood_day,
        "recorded_at": entry.recorded_at,
        "answered_at": entry.recorded_at,
        "received_at": received_at,
        "zone": "UTC",
        "total": entry.total,
        "complete": entry.total is not None,
        "answered": entry.answered,
        "q9": entry.item9_max,
        "q9_highest": entry.item9_max,
        "flags": [],
        "revision": 1,
    }
