"""A patient's courses and sessions as the rules see them, now or as of an earlier revision."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    CTE,
    BindParameter,
    Date,
    Integer,
    Interval,
    Select,
    bindparam,
    cast,
    func,
    select,
    type_coerce,
)
from sqlalchemy.dialects.postgresql import JSON, distinct_on
from sqlalchemy.orm import InstrumentedAttribute, Session

from models import CourseVersion, TreatmentSessionVersion
from services.exceptions import NotFound
from services.rules import courses as rules
from services.rules.courses import Treatment, in_order


def current_versions(versions: Any, patient_id: UUID) -> Select[Any]:
    """Of each course or session of a patient the row of the last version (`versions`: which table).

    Conditions added to it hold for these rows, so no older version shows instead.
    """
    table = versions.__table__
    newer = table.alias("newer")
    keys = [key.name for key in table.primary_key if key.name != "version"]
    last = select(func.max(newer.c.version)).where(*(newer.c[key] == table.c[key] for key in keys))
    return select(*table.c).where(
        table.c.patient_id == patient_id, table.c.version == last.scalar_subquery()
    )


def current_version(
    session: Session, key: InstrumentedAttribute[UUID], patient_id: UUID, record_id: UUID
) -> Any:
    """The row of the last version of one, found by its `course_id` or `session_id`; raises
    `NotFound`.
    """
    last = current_versions(key.class_, patient_id).where(key == record_id)
    row = session.execute(last).one_or_none()
    if row is None:
        raise NotFound
    return row


LAST_REVISION: Final = 2_147_483_647
_PATIENT: Final = bindparam("patient_id", type_=CourseVersion.patient_id.type)
_REVISION: Final = bindparam("revision", type_=Integer())


def _as_json(version: Any, own_id: str, *names: str) -> Any:
    """These columns of all courses or sessions in their last version at a revision, as one value.

    Cancelled sessions are left out.
    """
    last = _last(version, own_id)
    cells = (last.c[name] for name in (own_id, *names))
    value = select(func.json_agg(func.json_build_array(*cells), type_=JSON()))
    return (value.where(~last.c.cancelled) if "cancelled" in last.c else value).scalar_subquery()


@cache  # read once by a statement that asks for several things of them
def _last(version: Any, own_id: str) -> CTE:
    columns = version.__table__.c
    return (
        select(columns)
        .ext(distinct_on(columns[own_id]))
        .where(columns.patient_id == _PATIENT, columns.revision <= _REVISION)
        .order_by(columns[own_id], columns.version.desc())
        .cte(f"last_{version.__tablename__}")
    )


def sessions_begun(by: BindParameter[datetime]) -> CTE:
    """Of the sessions that had started by then: course, day in UTC (a mood day lies at most one day
    from it), and the time since the one before.
    """
    last = _last(TreatmentSessionVersion, "session_id")
    before = func.lag(last.c.started_at).over(order_by=last.c.started_at)
    begun = select(
        last.c.course_id,
        cast(func.timezone("UTC", last.c.started_at), Date).label("day"),
        type_coerce(last.c.started_at - before, Interval()).label("apart"),
    )
    return begun.where(~last.c.cancelled, last.c.started_at <= by).cte("sessions_begun")


# Built once: putting a statement together costs more than running it.
TREATMENT_COLUMNS: Final = (
    _as_json(
        CourseVersion,
        "course_id",
        "product",
        "phase",
        "started_on",
        "ended_on",
        "new_baseline",
        "maintenance_interval_days",
    ).label("courses"),
    _as_json(
        TreatmentSessionVersion,
        "session_id",
        "course_id",
        "started_at",
        "product",
        "route",
        "ended_at",
        "dose_value",
        "dose_unit",
        "weight_kg",
        "timezone",
    ).label("sessions"),
)
_TREATMENT: Final = select(*TREATMENT_COLUMNS)

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
    return read_treatment(session.execute(_TREATMENT, asked).one())


def read_treatment(row: Any) -> Treatment:
    """The treatment from a row that has `TREATMENT_COLUMNS`."""
    courses = [
        rules.Course(one, product, phase, date.fromisoformat(started_on), _day(ended_on), *rest)
        for one, product, phase, started_on, ended_on, *rest in row.courses or ()
    ]
    sessions = [_stored_session(*one) for one in row.sessions or ()]
    in_start_order = sorted(courses, key=lambda one: (one.started_on, one.id))
    return Treatment(tuple(in_start_order), in_order(sessions))


def _stored_session(
    session_id: str,
    course_id: str,
    started_at: str,
    product: Any,
    route: Any,
    ended_at: str | None,
    dose: float | None,
    unit: str | None,
    weight: float | None,
    timezone: str | None,
) -> rules.Session:
    return rules.Session(
        id=session_id,
        course_id=course_id,
        started_at=_instant(started_at),
        product=product,
        route=route,
        ended_at=None if ended_at is None else _instant(ended_at),
        dose_value=None if dose is None else float(dose),
        dose_unit=unit,
        weight_kg=None if weight is None else float(weight),
        timezone=timezone,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


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
        timezone=row.timezone,
    )
