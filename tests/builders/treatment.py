"""Treatments of patients of a scene, entered through the services at an instant of the test's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm, EffectsForm
from services.intake.side_effects import record_side_effects
from services.treatment.courses import create_course
from services.treatment.sessions import change_session, create_session
from services.treatment.vitals import record_vitals
from tests.builders.world import Person


def begin_course(staff: Person, pat: Person, at: datetime, **known: Any) -> UUID:
    """An induction with ketamine, from that day on."""
    fields = {"product": "ketamine", "phase": "induction", "started_on": at.date(), **known}
    with staff.app.app_context():
        made = create_course(staff.actor, pat.patient_id, None, fields, at)
    return UUID(orjson.loads(made.body)["id"])


def treat(staff: Person, pat: Person, course: UUID, started_at: datetime, **known: Any) -> UUID:
    """An infusion of 40 minutes, entered when it ended, or at `entered_at`."""
    ended_at = started_at + timedelta(minutes=40)
    entered_at = known.pop("entered_at", ended_at)
    fields = {
        "course_id": course,
        "started_at": started_at,
        "ended_at": ended_at,
        "product": "ketamine",
        "route": "iv",
        "supervision": "clinic",
        **known,
    }
    with staff.app.app_context():
        made = create_session(staff.actor, pat.patient_id, None, fields, entered_at)
    return UUID(orjson.loads(made.body)["id"])


def correct(staff: Person, pat: Person, session_id: UUID, at: datetime, **fields: Any) -> None:
    """Another version of a session."""
    with staff.app.app_context():
        change_session(staff.actor, pat.patient_id, session_id, fields, at)


def measure(staff: Person, pat: Person, session_id: UUID, at: datetime, **taken: Any) -> None:
    """One set of vital signs."""
    fields = {"phase": "post", "taken_at": at, "systolic": 120, "diastolic": 80, **taken}
    with staff.app.app_context():
        record_vitals(staff.actor, pat.patient_id, session_id, None, fields, at)


def check_in(pat: Person, at: datetime, instrument: str = "phq9-daily", **answers: int) -> UUID:
    """A form, sent when it was answered."""
    form = CheckInForm(uuid4(), instrument, answers or {"q1": 1, "q9": 0}, at, "Europe/Paris")
    with pat.app.app_context():
        record_check_in(pat.actor, form, None, at)
    return form.id


def report(
    pat: Person, at: datetime, vitals: Mapping[str, int] | None = None, **grades: int
) -> UUID:
    """Side effects by code and grade, sent when they were noticed."""
    effects = [{"code": code, "grade": grade} for code, grade in grades.items()]
    form = EffectsForm(uuid4(), at, effects, "Europe/Paris", vitals=vitals or {})
    with pat.app.app_context():
        record_side_effects(pat.actor, form, None, at)
    return form.id
