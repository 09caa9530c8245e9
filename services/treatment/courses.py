"""Courses: a product, a phase, a beginning and an end."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, insert, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import Course, CourseVersion
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, NotFound
from services.paging import Page, decode_cursor, page_of_rows
from services.patients.history.treatments import load_treatment
from services.patients.view import visible_patient
from services.treatment.once import New, Writing, begin, finish, write_once

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
    _check(fields)
    given = {name: fields.get(name) for name in FIELDS}
    given["new_baseline"] = bool(fields.get("new_baseline"))

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        owner = {name: writing.stamp[name] for name in ("clinic_id", "patient_id")}
        writing.session.execute(insert(Course).values(id=new_id, created_at=now, **owner))
        return _add_version(writing, new_id, 1, given)

    content = {name: _plain(value) for name, value in given.items()}
    return write_once(actor, New("course", patient_id, course_id, content), make, now)


def change_course(
    actor: Actor, patient_id: UUID, course_id: UUID, fields: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The course with these fields changed, as a new version; unchanged, it stays as it is.

    Raises `NotFound` and `Invalid`.
    """
    scopes(actor, Action.MANAGE_TREATMENT)
    with acting(actor, now) as session:
        writing = begin(session, actor, patient_id, now)
        last = _last_version(session, patient_id, course_id)
        before = {name: getattr(last, name) for name in FIELDS}
        after = before | fields
        after["new_baseline"] = bool(after["new_baseline"])
        _check(after)
        if after == before:
            return _record(last, _sessions(session, patient_id, course_id))
        shown = _add_version(writing, course_id, last.version + 1, after)
        finish(writing, "course_changed", course_id)
        return shown


def list_courses(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """A patient's courses, newest first; raises `NotFound` and `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        current = _current(patient_id).subquery()
        place = tuple_(current.c.started_on, current.c.course_id)
        query = select(current)
        if cursor is not None:
            day, last = decode_cursor(cursor, str, UUID)
            query = query.where(place < tuple_(_day(day), last))
        newest = (current.c.started_on.desc(), current.c.course_id.desc())
        rows = session.execute(query.order_by(*newest).limit(limit + 1)).all()
        treatment = load_treatment(session, patient_id)
        audit.record(session, actor.user_id, "courses_read", now, patient_id=patient_id)
    page = page_of_rows(rows, limit, lambda row: (row.started_on.isoformat(), row.course_id))
    return page.rendered(lambda row: _record(row, len(treatment.of_course(str(row.course_id)))))


def _day(text: str) -> Any:
    try:
        return datetime.fromisoformat(text).date()
    except ValueError as error:
        raise Invalid({"cursor": ["Not a cursor of this list."]}) from error


def known_course(session: Session, patient_id: UUID, course_id: UUID) -> Any:
    """The course's current version; raises `Invalid` naming the field."""
    try:
        return _last_version(session, patient_id, course_id)
    except NotFound as error:
        raise Invalid({"course_id": ["No such course of this patient."]}) from error


def _last_version(session: Session, patient_id: UUID, course_id: UUID) -> Any:
    found = session.execute(
        _current(patient_id).where(CourseVersion.course_id == course_id)
    ).one_or_none()
    if found is None:
        raise NotFound
    return found


def _current(patient_id: UUID) -> Select[Any]:
    return (
        select(*CourseVersion.__table__.c)
        .ext(distinct_on(CourseVersion.course_id))
        .where(CourseVersion.patient_id == patient_id)
        .order_by(CourseVersion.course_id, CourseVersion.version.desc())
    )


def _add_version(
    writing: Writing, course_id: UUID, version: int, fields: dict[str, Any]
) -> dict[str, Any]:
    row = writing.session.execute(
        insert(CourseVersion)
        .values(
            course_id=course_id,
            version=version,
            entered_by=writing.actor.user_id,
            entered_at=writing.now,
            **writing.stamp,
            **fields,
        )
        .returning(*CourseVersion.__table__.c)
    ).one()
    return _record(row, _sessions(writing.session, writing.patient.patient_id, course_id))


def _sessions(session: Session, patient_id: UUID, course_id: UUID) -> int:
    return len(load_treatment(session, patient_id).of_course(str(course_id)))


def _check(fields: dict[str, Any]) -> None:
    ended = fields.get("ended_on")
    if ended is not None and ended < fields["started_on"]:
        raise Invalid({"ended_on": ["Must not be before `started_on`."]})


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


def _record(row: Any, sessions: int) -> dict[str, Any]:
    return {
        "id": row.course_id,
        "patient_id": row.patient_id,
        **{name: getattr(row, name) for name in FIELDS},
        "sessions": sessions,
        "version": row.version,
        "entered_at": row.entered_at,
    }
