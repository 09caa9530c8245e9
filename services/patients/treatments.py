"""A patient's courses and sessions as the rules see them, now or as of an earlier revision."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, bindparam, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from models import CourseVersion, TreatmentSessionVersion
from services.rules import treatment as rules
from services.rules.treatment import Treatment, in_order

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


def load_treatment(session: Session, patient_id: UUID, revision: int | None = None) -> Treatment:
    """Courses and sessions in the versions that were the last at a revision (None: now).

    Cancelled sessions are left out; planned ones are in.
    """
    asked = {"patient_id": patient_id, "revision": LAST_REVISION if revision is None else revision}
    courses = [_course(row) for row in session.execute(_COURSES, asked)]
    sessions = [_session(row) for row in session.execute(_SESSIONS, asked) if not row.cancelled]
    return Treatment(
        tuple(sorted(courses, key=lambda one: (one.started_on, one.id))), in_order(sessions)
    )


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


def _session(row: Any) -> rules.Session:
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
