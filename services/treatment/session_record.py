"""Sessions as the API shows them: what is worked out is worked out here, when they are read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import Patient, SessionDecision, StoredVitals, TreatmentSessionVersion
from services.access import Action, Actor
from services.alerts.people import staff_of
from services.chart import reading
from services.paging import Page
from services.patients.history.side_effects import rule_vitals
from services.patients.history.treatments import (
    current_version,
    current_versions,
    load_treatment,
    rule_session,
)
from services.rules import courses as rules
from services.rules.courses import Treatment
from services.rules.mood_days import find_zone, wall_clock
from services.rules.session_day.blood_pressure import is_above_guide
from services.rules.session_day.driving import driving_restriction_until
from services.rules.session_day.screening import Screening, newest, screening_flags
from services.treatment.records import newest_first
from services.treatment.screenings import load_screenings

# As of check-ins: what is entered later than this was not watched when it happened.
ENTERED_LATE_AFTER: Final = timedelta(hours=48)
KINDS_SHOWN: Final = ("clearance", "discharge")


def list_sessions(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """Newest first by their start; raises `NotFound` and `Forbidden`."""
    with reading(actor, Action.READ_TREATMENT, patient_id, "sessions_read", now) as (session, _):
        return sessions_page(session, patient_id, limit, cursor, now)


def sessions_page(
    session: Session,
    patient_id: UUID,
    limit: int,
    cursor: str | None,
    now: datetime,
    treatment: Treatment | None = None,
) -> Page:
    """The same for a transaction that is open; `treatment`: where it has been read."""
    table = TreatmentSessionVersion
    query = current_versions(table, patient_id)
    page = newest_first(session, query, table.started_at, table.session_id, limit, cursor)
    around = load_around(session, patient_id, treatment)
    return page.rendered(lambda row: record_from(row, around, now))


def get_session(actor: Actor, patient_id: UUID, session_id: UUID, now: datetime) -> dict[str, Any]:
    """One session of a patient in view; raises `NotFound` and `Forbidden`."""
    with reading(actor, Action.READ_TREATMENT, patient_id, "session_read", now) as (session, _):
        return session_record(session, known_session(session, patient_id, session_id), now)


def known_session(session: Session, patient_id: UUID, session_id: UUID) -> Any:
    """The session's current version; raises `NotFound`."""
    key = TreatmentSessionVersion.session_id
    return current_version(session, key, patient_id, session_id)


@dataclass(frozen=True, slots=True)
class Around:
    """What a session's record takes from the rest of the treatment; zones as of now.

    `overtaken`: sessions whose clearance was overtaken by a pressure above the guide (E3).
    """

    zone: Any
    treatment: Treatment
    screenings: tuple[Screening, ...]
    decided: dict[tuple[UUID, str], str]
    overtaken: frozenset[UUID]


def load_around(session: Session, patient_id: UUID, treatment: Treatment | None = None) -> Around:
    """Read it once for all sessions of a patient; `treatment` as it is now, where it is known."""
    zone = session.execute(select(Patient.timezone).where(Patient.id == patient_id)).scalar_one()
    decisions = session.execute(
        select(
            SessionDecision.session_id,
            SessionDecision.kind,
            SessionDecision.outcome,
            SessionDecision.decided_at,
        )
        .where(SessionDecision.patient_id == patient_id)
        .order_by(SessionDecision.decided_at, SessionDecision.id)
    ).all()
    cleared_at = {row.session_id: row.decided_at for row in decisions if row.kind == "clearance"}
    return Around(
        zone=find_zone(zone) or UTC,
        treatment=treatment or load_treatment(session, patient_id),
        screenings=load_screenings(session, patient_id),
        decided={(row.session_id, row.kind): row.outcome for row in decisions},
        overtaken=_overtaken(session, patient_id, cleared_at),
    )


def _overtaken(
    session: Session, patient_id: UUID, cleared_at: dict[UUID, datetime]
) -> frozenset[UUID]:
    """Also by what was corrected since: then a clinician clears again."""
    rows = session.scalars(
        select(StoredVitals).where(
            StoredVitals.patient_id == patient_id,
            StoredVitals.phase == "pre",
            StoredVitals.session_id.in_(list(cleared_at)),
        )
    )
    return frozenset(
        row.session_id
        for row in rows
        if row.received_at > cleared_at[row.session_id] and is_above_guide(rule_vitals(row))
    )


def session_record(session: Session, row: Any, now: datetime) -> dict[str, Any]:
    """One session from its current version."""
    return record_from(row, load_around(session, row.patient_id), now)


def record_from(row: Any, around: Around, now: datetime) -> dict[str, Any]:
    """One session from its current version and what is around it."""
    as_rules_see = rule_session(row)
    until = driving_restriction_until(as_rules_see, around.zone)
    decided = {kind: around.decided.get((row.session_id, kind)) for kind in KINDS_SHOWN}
    if row.session_id in around.overtaken:
        decided["clearance"] = "not_cleared"
    return {
        "id": row.session_id,
        "patient_id": row.patient_id,
        "course_id": row.course_id,
        "number": _number(row, around.treatment),
        "started_at": row.started_at,
        "ended_at": row.ended_at,
        "timezone": row.timezone,
        "product": row.product,
        "route": row.route,
        "dose": None
        if row.dose_value is None
        else {"value": row.dose_value, "unit": row.dose_unit},
        "weight_kg": row.weight_kg,
        "supervision": row.supervision,
        "cancelled": row.cancelled,
        "staff_ids": staff_of(row.staff_ids, row.entered_by),
        "driving_restriction_until": None if row.cancelled else until,
        **decided,
        "flags": sorted(_flags(row, as_rules_see, around, decided["clearance"], now)),
        "version": row.version,
        "entered_at": row.entered_at,
    }


def _number(row: Any, treatment: Treatment) -> int | None:
    ids = [one.id for one in treatment.of_course(str(row.course_id))]
    return ids.index(str(row.session_id)) + 1 if str(row.session_id) in ids else None


def _flags(
    row: Any, session: rules.Session, around: Around, clearance: str | None, now: datetime
) -> set[str]:
    """What a reader of this session should know was missing or unusual."""
    if row.cancelled:
        return set()
    day = wall_clock(row.started_at, session.zone(around.zone)).date()
    found: set[str] = set(screening_flags(newest(around.screenings, day), day, session.product))
    courses = {course.id: course.product for course in around.treatment.courses}
    facts = {
        "unsupervised": row.supervision == "unsupervised",
        "product_differs": courses.get(session.course_id) != row.product,
        "not_cleared": clearance != "cleared" and row.started_at <= now,
        "entered_late": row.version == 1 and row.entered_at - row.started_at > ENTERED_LATE_AFTER,
    }
    return found | {flag for flag, holds in facts.items() if holds}
