"""Courses, sessions and side-effect reports put into the database as staff and phones would.

Written through row-level security; a session that is entered again under its id is corrected.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from tests.builders.stored import rows
from tests.builders.world import Person

VERSION = (
    "INSERT INTO treatment_session_versions (clinic_id, patient_id, session_id, version, course_id,"
    " started_at, product, route, supervision, cancelled, entered_by, entered_at, revision)"
    " SELECT :clinic, :patient, :id, coalesce(max(version), 0) + 1, :course, :started, :product,"
    " :route, 'clinic', :cancelled, :staff, now(), 1 FROM treatment_session_versions"
    " WHERE session_id = :id RETURNING version"
)


def a_course(patient: Person, staff: Person, product: str = "ketamine") -> UUID:
    """A course of induction."""
    keys = _keys(patient, staff)
    rows(
        patient,
        "INSERT INTO courses (clinic_id, id, patient_id, created_at)"
        " VALUES (:clinic, :id, :patient, now()) RETURNING id",
        **keys,
    )
    rows(
        patient,
        "INSERT INTO course_versions (clinic_id, patient_id, course_id, version, product, phase,"
        " started_on, entered_by, entered_at, revision) VALUES (:clinic, :patient, :id, 1,"
        " :product, 'induction', current_date, :staff, now(), 1) RETURNING version",
        product=product,
        **keys,
    )
    return keys["id"]  # type: ignore[no-any-return]


def a_session(
    patient: Person, staff: Person, course: UUID, started_at: datetime, **known: Any
) -> UUID:
    """An infusion; `id` of an earlier one corrects it, `cancelled` takes it back."""
    keys = _keys(patient, staff)
    if "id" not in known:
        rows(
            patient,
            "INSERT INTO treatment_sessions (clinic_id, id, patient_id, created_at)"
            " VALUES (:clinic, :id, :patient, now()) RETURNING id",
            **keys,
        )
    fields = {"product": "ketamine", "route": "iv", "cancelled": False}
    rows(patient, VERSION, **{**keys, **fields, "course": course, "started": started_at, **known})
    found: UUID = known.get("id", keys["id"])
    return found


def a_report(patient: Person, staff: Person, recorded_at: datetime) -> None:
    """A report that there are no side effects."""
    keys = _keys(patient, staff)
    rows(
        patient,
        "INSERT INTO side_effect_reports (clinic_id, patient_id, id, root_id, version, recorded_at,"
        " answered_at, received_at, zone, mood_day, effects, flags, revision) VALUES (:clinic,"
        " :patient, :id, :id, 1, :at, :at, :at, 'Etc/UTC', :day, '[]', '{}', 1) RETURNING id",
        at=recorded_at,
        day=recorded_at.astimezone(UTC).date(),
        **keys,
    )


def _keys(patient: Person, staff: Person) -> dict[str, Any]:
    return {
        "clinic": patient.actor.clinic_id,
        "patient": patient.patient_id,
        "staff": staff.user_id,
        "id": uuid4(),
    }
