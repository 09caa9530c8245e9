"""Sessions: entered, corrected, cancelled; each change is a new version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select

from models import Clinic, TreatmentSession, TreatmentSessionVersion
from services.access import Actor
from services.alerts.people import session_staff
from services.alerts.permissions import who_may_act
from services.checks import check_timezone, known_timezone
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid
from services.intake.deciding.treatment import decide_session
from services.intake.storing.follow_ups import with_follow_ups
from services.patients.history.treatments import current_versions
from services.rules.mood_days import FARTHEST_BACK, to_utc
from services.treatment.courses import known_course
from services.treatment.once import Writing, keep_outcome
from services.treatment.session_record import session_record
from services.treatment.versions import VersionedRecord

FIELDS: Final = (
    "course_id",
    "started_at",
    "ended_at",
    "timezone",
    "product",
    "route",
    "dose_value",
    "dose_unit",
    "weight_kg",
    "supervision",
    "cancelled",
    "staff_ids",
)
WITH_ROUTE: Final = frozenset({"ketamine", "esketamine"})
# Longer than any treatment; a typing error is likelier.
LONGEST: Final = timedelta(hours=24)
FARTHEST_AHEAD: Final = timedelta(days=366)


def create_session(
    actor: Actor, patient_id: UUID, session_id: UUID | None, fields: dict[str, Any], now: datetime
) -> FirstAnswer:
    """A session that took place or is planned.

    Raises `Invalid` naming the field, and as `write_once`.
    """
    # What is left out is no content: what was sent before there was such a field stays the same.
    given = dict.fromkeys(FIELDS) | {"cancelled": False} | _in_columns(fields)
    for name in ("timezone", "staff_ids"):
        if given[name] is None:
            del given[name]
    return SESSION.create(actor, patient_id, session_id, given, now)


def change_session(
    actor: Actor, patient_id: UUID, session_id: UUID, fields: dict[str, Any], now: datetime
) -> dict[str, Any]:
    """The session with these fields changed, as a new version; raises `NotFound`, `Invalid`."""
    return SESSION.change(actor, patient_id, session_id, _in_columns(fields), now)


def _in_columns(fields: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent, in columns: instants in UTC, the dose apart, each of the staff once."""
    changed = {name: _in_utc(value) for name, value in fields.items() if name != "dose"}
    if "dose" in fields:
        dose = fields["dose"] or {"value": None, "unit": None}
        changed |= {"dose_value": dose["value"], "dose_unit": dose["unit"]}
    if fields.get("staff_ids"):
        changed["staff_ids"] = sorted(set(fields["staff_ids"]))
    if "cancelled" in fields:
        changed["cancelled"] = bool(fields["cancelled"])
    return changed


def _in_utc(value: Any) -> Any:
    return to_utc(value) if isinstance(value, datetime) else value


def _check(fields: Mapping[str, Any], now: datetime) -> None:
    errors: dict[str, list[str]] = {}
    started, ended = fields["started_at"], fields["ended_at"]
    if started > now + FARTHEST_AHEAD:
        errors["started_at"] = ["Must not be more than a year ahead."]
    if started < now - FARTHEST_BACK:
        errors["started_at"] = ["Must not be more than a hundred years ago."]
    if ended is not None and not timedelta(0) <= ended - started <= LONGEST:
        errors["ended_at"] = [
            f"Must be after `started_at`, by {LONGEST // timedelta(hours=1)} hours at most."
        ]
    if zone := fields.get("timezone"):
        check_timezone(zone)
    if fields["product"] in WITH_ROUTE and fields["route"] is None:
        errors["route"] = ["Ketamine and esketamine need a route."]
    if errors:
        raise Invalid(errors)


def _check_in_context(writing: Writing, session_id: UUID, fields: Mapping[str, Any]) -> None:
    known_course(writing.session, writing.patient.patient_id, fields["course_id"])
    others = writing.session.execute(
        current_versions(TreatmentSessionVersion, writing.patient.patient_id).where(
            TreatmentSessionVersion.session_id != session_id
        )
    )
    taken = {row.started_at for row in others if not row.cancelled}
    if not fields["cancelled"] and fields["started_at"] in taken:
        raise Invalid({"started_at": ["This patient has another session that starts then."]})
    _check_staff(writing, session_id, fields.get("staff_ids") or [])


def _check_staff(writing: Writing, session_id: UUID, staff_ids: Sequence[UUID]) -> None:
    """Whoever is newly named must be able to act on a page. Who was there stays, also once they
    have left.
    """
    session, patient_id = writing.session, writing.patient.patient_id
    named = frozenset(staff_ids) - session_staff(session, patient_id, [session_id])
    if named != who_may_act(session, writing.actor.clinic_id, patient_id, named):
        words = "Must be active clinicians or on-call staff of this clinic who see the patient."
        raise Invalid({"staff_ids": [words]})


def _with_defaults(writing: Writing, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The clinic's zone where none is named, from then on the session keeps it; and as its staff
    whoever enters it.
    """
    clinics = select(Clinic.timezone).where(Clinic.id == writing.actor.clinic_id)
    zone = known_timezone(fields.get("timezone")) or writing.session.scalars(clinics).one()
    staff_ids = fields.get("staff_ids")
    if staff_ids is None:
        staff_ids = [writing.actor.user_id]
    return {**fields, "timezone": zone, "staff_ids": staff_ids}


def _follow(writing: Writing, session_id: UUID) -> None:
    session, patient, now = writing.session, writing.patient, writing.now
    outcome = with_follow_ups(session, patient, decide_session(session, patient, now), now)
    keep_outcome(writing, outcome, session_id)


SESSION: Final = VersionedRecord(
    kind="session",
    record=TreatmentSession,
    version=TreatmentSessionVersion,
    fields=FIELDS,
    check=_check,
    show=session_record,
    check_beside=_check_in_context,
    complete=_with_defaults,
    follow=_follow,
)
