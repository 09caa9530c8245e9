"""Courses: a product, a phase, a beginning and an end."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import CourseVersion, TreatmentCourse
from services.access import Action, Actor
from services.chart import reading
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, NotFound
from services.paging import Page
from services.patients.history.treatments import current_version, current_versions, load_treatment
from services.rules.courses import Treatment
from services.rules.indications import INDICATIONS
from services.treatment.records import newest_first
from services.treatment.versions import VersionedRecord

FIELDS: Final = (
    "product",
    "phase",
    "indication",
    "protocol",
    "started_on",
    "ended_on",
    "new_baseline",
    "maintenance_interval_days",
)


def create_course(
    actor: Actor, patient_id: UUID, course_id: UUID | None, fields: dict[str, Any], now: datetime
) -> FirstAnswer:
    """A new course; raises `Invalid` for an end before the start, and as `write_once`."""
    given = dict.fromkeys(FIELDS) | {"new_baseline": False} | fields
    return COURSE.create(actor, patient_id, course_id, given, now)


def change_course(
    actor: Actor, patient_id: UUID, course_id: UUID, fields: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The course with these fields changed, as a new version; raises `NotFound`, `Invalid`."""
    emptied = {"new_baseline": False} if fields.get("new_baseline", False) is None else {}
    return COURSE.change(actor, patient_id, course_id, fields | emptied, now)


def list_courses(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """A patient's courses, newest first; raises `NotFound` and `Forbidden`."""
    with reading(actor, Action.READ_TREATMENT, patient_id, "courses_read", now) as (session, _):
        return courses_page(session, patient_id, limit, cursor)


def courses_page(
    session: Session,
    patient_id: UUID,
    limit: int,
    cursor: str | None,
    treatment: Treatment | None = None,
) -> Page:
    """The same for a transaction that is open; `treatment`: where it has been read."""
    table = CourseVersion
    query = current_versions(table, patient_id)
    page = newest_first(session, query, table.started_on, table.course_id, limit, cursor)
    known = treatment or load_treatment(session, patient_id)
    return page.rendered(lambda row: _record(row, len(known.of_course(str(row.course_id)))))


def known_course(session: Session, patient_id: UUID, course_id: UUID) -> Any:
    """The course's current version; raises `Invalid` naming the field."""
    try:
        return current_version(session, CourseVersion.course_id, patient_id, course_id)
    except NotFound as error:
        raise Invalid({"course_id": ["No such course of this patient."]}) from error


def _check(fields: Mapping[str, Any], _now: datetime) -> None:
    ended = fields["ended_on"]
    if ended is not None and ended < fields["started_on"]:
        raise Invalid({"ended_on": ["Must not be before `started_on`."]})


def _show(session: Session, row: Any, _now: datetime) -> dict[str, Any]:
    treatment = load_treatment(session, row.patient_id)
    return _record(row, len(treatment.of_course(str(row.course_id))))


def _record(row: Any, sessions: int) -> dict[str, Any]:
    return {
        "id": row.course_id,
        "patient_id": row.patient_id,
        **{name: getattr(row, name) for name in FIELDS},
        "unknown_indications": list(INDICATIONS.newest.unknown(filter(None, [row.indication]))),
        "sessions": sessions,
        "version": row.version,
        "entered_at": row.entered_at,
    }


COURSE: Final = VersionedRecord(
    kind="course",
    record=TreatmentCourse,
    version=CourseVersion,
    fields=FIELDS,
    check=_check,
    show=_show,
)
