"""Simulated people with years of answers, treatment and side effects, as rows. Nobody is real.

Each year is an induction and a maintenance course of 20 sessions; a daily form every evening, a
two-week form before each session and every fortnight, a report of side effects after each session.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import update

from benchmarks.bench import Bench
from benchmarks.bulk import copy_rows
from models import (
    CheckIn,
    CheckInContent,
    CourseVersion,
    Patient,
    PatientStatus,
    SideEffectReport,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
)
from models.base import new_id
from services.demo.series import answers
from services.evaluation.simulation.patients import (
    INDUCTION,
    USUAL_NOISE,
    WEEKLY,
    Response,
    deviations,
    levels,
    score,
    session_days,
)
from services.patients.status.row import differences, refresh
from services.rules.instruments.answers import score as score_form
from services.rules.instruments.definition import instrument
from services.rules.mood_days import find_zone, mood_day_at
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person

YEAR: Final = 365
SESSIONS_A_YEAR: Final = 20
# The induction and four weekly sessions; the others are spread over the rest of the year.
CLOSE: Final = len(INDUCTION) + len(WEEKLY)
FORTNIGHT: Final = 14
ZONE: Final = "Europe/Paris"
RESPONSE: Final = Response(before=19, after=4, stays=0.72, wear_off=6, wear_off_days=14)
# Hours (UTC) of a day: the form comes before the session, the daily form in the evening.
FORM_AT, SESSION_AT, REPORTED_AT, DAILY_AT = 7, 10, 8, 19
CODES: Final = ("dissociation", "nausea", "headache")
INSTRUMENTS: Final = ("phq9-daily", "phq9")


@dataclass(frozen=True, slots=True)
class Past:
    """How long somebody has answered, and whether they were treated; it ends yesterday."""

    years: int = 1
    treated: bool = True

    @property
    def days(self) -> int:
        """Days with a daily form."""
        return YEAR * self.years


def give_past(
    clinic: ClinicWorld, person: Person, staff: Person, past: Past, admin_url: str, seed: int = 1
) -> None:
    """Store the past of a patient who has none yet, with the status row that it leaves."""
    now = datetime.now(UTC)
    made = _History(clinic.id, person.patient_id, staff.user_id, past, now, seed)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        copy_rows(connection, made.rows)
    with clinic.app.app_context(), transaction(clinic.id) as session:
        session.execute(
            update(Patient)
            .where(Patient.id == person.patient_id)
            .values(timezone=ZONE, created_at=made.begun, accepted_at=made.begun)
        )
        session.execute(
            update(PatientStatus)
            .where(PatientStatus.patient_id == person.patient_id)
            .values(revision=made.revision)
        )
        refresh(session, person.patient_id, now)
        assert not differences(session, person.patient_id)


def people_with_a_past(
    bench: Bench, clinic: ClinicWorld, staff: Person, count: int, past: Past
) -> list[Person]:
    """So many new patients, each with such a past of their own."""
    people = [clinic.patient() for _ in range(count)]
    with bench.steps("a year of answers each", count) as done:
        for seed, one in enumerate(people):
            give_past(clinic, one, staff, past, bench.admin_url, seed)
            done(1)
    return people


class _History:
    """The rows of one patient, in the order in which they were received."""

    def __init__(
        self,
        clinic_id: UUID,
        patient_id: UUID,
        entered_by: UUID,
        past: Past,
        now: datetime,
        seed: int,
    ) -> None:
        self.theirs = {"clinic_id": clinic_id, "patient_id": patient_id}
        self.entered_by, self.past = entered_by, past
        self.dice = random.Random(seed)
        self.zone = find_zone(ZONE) or UTC
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        self.begun = today - timedelta(days=past.days)
        self.rows: dict[Any, list[dict[str, Any]]] = defaultdict(list)
        self.revision = 0
        self._write()

    def _write(self) -> None:
        starts = list(self._sessions()) if self.past.treated else []
        true = levels(RESPONSE, starts, self.past.days)
        places = {day: place for place, day in enumerate(starts)}
        sessions: dict[int, UUID] = {}
        noise = deviations(USUAL_NOISE, self.dice)
        course = None
        for day, deviation in zip(range(self.past.days), noise, strict=False):
            if day in places or day % FORTNIGHT == 0:
                self._form(
                    "phq9", day, FORM_AT, score(_mean(true[max(0, day - FORTNIGHT) : day + 1]))
                )
            if day - 1 in sessions:
                self._effects(day, sessions[day - 1])
            if day in places:
                place = places[day] % SESSIONS_A_YEAR
                if place in (0, len(INDUCTION)) or course is None:
                    course = self._course(day, "induction" if place == 0 else "maintenance")
                sessions[day] = self._session(day, course)
            self._form("phq9-daily", day, DAILY_AT, score(true[day] + deviation))

    def _sessions(self) -> Iterator[int]:
        for year in range(self.past.years):
            planned = session_days(YEAR, self.dice)
            close, apart = planned[:CLOSE], planned[CLOSE:]
            few = SESSIONS_A_YEAR - CLOSE
            kept = [apart[(place + 1) * len(apart) // few - 1] for place in range(few)]
            yield from (year * YEAR + day for day in close + kept)

    def _at(self, day: int, hour: int) -> datetime:
        return self.begun + timedelta(days=day, hours=hour)

    def _next(self) -> int:
        self.revision += 1
        return self.revision

    def _entered(self, at: datetime) -> dict[str, Any]:
        return {"entered_by": self.entered_by, "entered_at": at, "revision": self._next()}

    def _timed(self, at: datetime) -> dict[str, Any]:
        record_id = new_id()
        return {
            **self.theirs,
            "id": record_id,
            "root_id": record_id,
            "version": 1,
            "mood_day": mood_day_at(at, self.zone),
            "recorded_at": at,
            "answered_at": at,
            "received_at": at + timedelta(seconds=2),
            "timezone": ZONE,
            "zone": ZONE,
            "flags": [],
            "revision": self._next(),
        }

    def _form(self, code: str, day: int, hour: int, total: int) -> None:
        asked = instrument(code)
        item9 = int(total >= 15 and self.dice.random() < 0.2)
        given: dict[str, Any] = answers(total, item9)
        found = score_form(asked, given)
        row = self._timed(self._at(day, hour)) | {
            "instrument": code,
            "instrument_version": asked.version,
            "total": found.total,
            "band": found.band,
            "complete": found.complete,
            "answered": found.answered,
            "prorated_total": found.prorated_total,
            "q9": item9,
            "q9_highest": item9,
        }
        self.rows[CheckIn].append(row)
        content = {**self.theirs, "check_in_id": row["id"], "answers": given}
        self.rows[CheckInContent].append(content)

    def _effects(self, day: int, session_id: UUID) -> None:
        onset, end = self._at(day - 1, SESSION_AT), self._at(day - 1, SESSION_AT + 3)
        felt = [code for code in CODES if self.dice.random() < 0.5]
        effects = [
            {"code": code, "grade": 1, "onset_at": onset.isoformat(), "ended_at": end.isoformat()}
            for code in felt
        ]
        row = self._timed(self._at(day, REPORTED_AT))
        self.rows[SideEffectReport].append({**row, "session_id": session_id, "effects": effects})

    def _course(self, day: int, phase: str) -> UUID:
        course_id, at = new_id(), self._at(day, SESSION_AT)
        self.rows[TreatmentCourse].append({**self.theirs, "id": course_id, "created_at": at})
        self.rows[CourseVersion].append(
            {**self.theirs, "course_id": course_id, "version": 1, "product": "ketamine"}
            | {"phase": phase, "started_on": at.date(), **self._entered(at)}
        )
        return course_id

    def _session(self, day: int, course_id: UUID) -> UUID:
        session_id, at = new_id(), self._at(day, SESSION_AT)
        self.rows[TreatmentSession].append({**self.theirs, "id": session_id, "created_at": at})
        self.rows[TreatmentSessionVersion].append(
            {**self.theirs, "session_id": session_id, "version": 1, "course_id": course_id}
            | {"started_at": at, "ended_at": at + timedelta(minutes=40)}
            | {"product": "ketamine", "route": "iv", "dose_value": 42.0, "dose_unit": "mg"}
            | {"weight_kg": 84.0, "supervision": "clinic", **self._entered(at)}
        )
        return session_id


def _mean(found: Sequence[float]) -> float:
    return sum(found) / len(found)
