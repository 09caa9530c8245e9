"""A patient's courses and sessions as the rules see them, now or as of an earlier revision."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Select, bindparam, func, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import CourseVersion, TreatmentSessionVersion
from services.rules import courses as rules
from services.rules.courses import Treatment, in_order


def current_sessions(patient_id: UUID) -> Select[Any]:
    """Rows of `treatment_session_versions`: of each session the last version.

    Conditions added to it hold for these rows, so no older version shows instead.
    """
    newer = TreatmentSessionVersion.__table__.alias("newer")
    last = (
        select(func.max(newer.c.version))
        .where(
            newer.c.clinic_id == TreatmentSessionVersion.clinic_id,
            newer.c.patient_id == TreatmentSessionVersion.patient_id,
            newer.c.session_id == TreatmentSessionVersion.session_id,
        )
        .scalar_subquery()
    )
    return select(*TreatmentSessionVersion.__table__.c).where(
        TreatmentSessionVersion.patient_id == patient_id,
        TreatmentSessionVersion.version == last,
    )


LAST_REVISION: Final = 2_147_483_647
_PATIENT: Final = bindparam("patient_id", type_=CourseVersion.patient_id.type)
_REVISION: Final = bindparam("revision", type_=Integer())
# Built once: putting a statement together costs more than running it.
_COURSES: Final = (
    select(*CourseVersion.__table__.c)
    .ext(distinct_on(CourseVersion.course_id))
    .where(CourseVersion.patient_id == _PATIENT, CourseVersion.revision <= _REVISION)
    .order_by(CourseVersion.course_id, CourseVersion.version.desc())
)
_SESSIONS: Final = (
    select(*TreatmentSessionVersion.__table__.c)
    .ext(distinct_on(TreatmentSessionVersion.session_id))
    .where(
        TreatmentSessionVersion.patient_id == _PATIENT,
        TreatmentSessionVersion.revision <= _REVISION,
    )
    .order_by(TreatmentSessionVersion.session_id, TreatmentSessionVersion.version.desc())
)

_SEVERAL: Final = bindparam("patient_ids", expanding=True, type_=CourseVersion.patient_id.type)
_COURSES_OF_SEVERAL: Final = (
    select(*CourseVersion.__table__.c)
    .ext(distinct_on(CourseVersion.patient_id, CourseVersion.course_id))
    .where(CourseVersion.patient_id.in_(_SEVERAL))
    .order_by(CourseVersion.patient_id, CourseVersion.course_id, CourseVersion.version.desc())
)
_SESSIONS_OF_SEVERAL: Final = (
    select(*TreatmentSessionVersion.__table__.c)
    .ext(distinct_on(TreatmentSessionVersion.patient_id, TreatmentSessionVersion.session_id))
    .where(TreatmentSessionVersion.patient_id.in_(_SEVERAL))
    .order_by(
        TreatmentSessionVersion.patient_id,
        TreatmentSessionVersion.session_id,
        TreatmentSessionVersion.version.desc(),
    )
)


def load_treatment(session: Session, patient_id: UUID, revision: int | None = None) -> Treatment:
    """Courses and sessions in the versions that were the last at a revision (None: now).

    Cancelled sessions are left out; planned ones are in.
    """
    asked = {"patient_id": patient_id, "revision": LAST_REVISION if revision is None else revision}
    courses = [_course(row) for row in session.execute(_COURSES, asked)]
    sessions = [rule_session(row) for row in session.execute(_SESSIONS, asked) if not row.cancelled]
    return Treatment(
        tuple(sorted(courses, key=lambda one: (one.started_on, one.id))), in_order(sessions)
    )


def load_treatments(session: Session, patient_ids: Sequence[UUID]) -> dict[UUID, Treatment]:
    """`load_treatment` as of now for several patients, in two reads."""
    asked = {"patient_ids": list(patient_ids)}
    courses: dict[UUID, list[rules.Course]] = {one: [] for one in patient_ids}
    sessions: dict[UUID, list[rules.Session]] = {one: [] for one in patient_ids}
    for row in session.execute(_COURSES_OF_SEVERAL, asked):
        courses[row.patient_id].append(_course(row))
    for row in session.execute(_SESSIONS_OF_SEVERAL, asked):
        if not row.cancelled:
            sessions[row.patient_id].append(rule_session(row))
    return {
        one: Treatment(
            tuple(sorted(courses[one], key=lambda course: (course.started_on, course.id))),
            in_order(sessions[one]),
        )
        for one in patient_ids
    }


def _course(row: Any) -> rules.Course:
    return rules.Course(
        id=str(row.course_id),
        product=row.product,
        phase=row.phase,
        started_on=row.started_on,
        ended_on=row.ended_on,
        new_baseline=row.new_baseline,
        maintenance_interval_days=row.maintenance_interval_days,
    )


def rule_session(row: Any) -> rules.Session:
    """The session of a version's row as the rules see it."""
    return rules.Session(
        id=str(row.session_id),
        course_id=str(row.course_id),
        started_at=row.started_at,
        product=row.product,
        route=row.route,
        ended_at=row.ended_at,
        dose_value=row.dose_value,
        dose_unit=row.dose_unit,
        weight_kg=row.weight_kg,
    )
