"""Vital signs around a session: stored, decided and paged in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models import StoredDecision, StoredVitals
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid
from services.intake.deciding.treatment import decide_vitals
from services.paging import Page
from services.patients.history.side_effects import (
    rule_vitals,
)
from services.patients.view import visible_patient
from services.rules.catalogue import CATALOGUE
from services.rules.mood_days import to_utc
from services.rules.session_day.after_dosing import heart_rate_flag
from services.rules.session_day.blood_pressure import is_crisis
from services.treatment.once import New, Writing, keep_outcome, write_once
from services.treatment.records import newest_first
from services.treatment.session_record import known_session

MEASURED: Final = ("systolic", "diastolic", "heart_rate", "spo2", "sedation", "dissociation")
SHOWN: Final = ("id", "patient_id", "session_id", "phase", "taken_at", "received_at", *MEASURED)
AHEAD: Final = timedelta(minutes=15)
# Farther from its session than this, it is a typing error.
NEAR: Final = timedelta(days=2)


def record_vitals(
    actor: Actor,
    patient_id: UUID,
    session_id: UUID,
    record_id: UUID | None,
    fields: dict[str, Any],
    now: datetime,
) -> FirstAnswer:
    """Store one set of vital signs with what the rules make of it.

    Raises `NotFound` for an unknown session and `Invalid` for one that was cancelled, a time to
    come, or one far from the session.
    """
    taken_at = to_utc(fields["taken_at"])
    if taken_at > now + AHEAD:
        raise Invalid({"taken_at": ["Must not lie in the future."]})
    given = {name: fields.get(name) for name in ("phase", *MEASURED)} | {"taken_at": taken_at}

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        at = known_session(writing.session, patient_id, session_id)
        _check(at, taken_at)
        row = given | {"id": new_id, "session_id": session_id, "received_at": now}
        stored = writing.session.execute(
            insert(StoredVitals)
            .values(entered_by=actor.user_id, **writing.stamp, **row)
            .returning(*StoredVitals.__table__.c)
        ).one()
        outcome = decide_vitals(writing.session, writing.patient, at, stored, now)
        keep_outcome(writing, outcome, new_id)
        return _record(stored, [_finding(one.stored()) for one in outcome.others if one.fired])

    content = {"session": str(session_id)} | {name: str(value) for name, value in given.items()}
    return write_once(actor, New("vitals", patient_id, record_id, content), make, now)


def _check(row: Any, taken_at: datetime) -> None:
    if row.cancelled:
        raise Invalid({"session_id": ["This session was cancelled."]})
    if abs(taken_at - row.started_at) > NEAR:
        raise Invalid({"taken_at": ["Must be within two days of the session."]})


def list_vitals(
    actor: Actor,
    patient_id: UUID,
    session_id: UUID,
    limit: int,
    cursor: str | None,
    now: datetime,
) -> Page:
    """The vital signs of a session, newest first; raises `NotFound` and `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        known_session(session, patient_id, session_id)
        query = select(*(getattr(StoredVitals, name) for name in SHOWN)).where(
            StoredVitals.session_id == session_id, StoredVitals.patient_id == patient_id
        )
        page = newest_first(session, query, StoredVitals.taken_at, StoredVitals.id, limit, cursor)
        found = _findings(session, patient_id, [row.id for row in page.rows])
        audit.record(session, actor.user_id, "vitals_read", now, patient_id=patient_id)
    return page.rendered(lambda row: _record(row, found.get(row.id, [])))


def _findings(
    session: Session, patient_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """What was decided about each, at last."""
    rows = session.execute(
        select(StoredDecision.entry_id, StoredDecision.decided)
        .where(StoredDecision.patient_id == patient_id, StoredDecision.entry_id.in_(ids))
        .order_by(StoredDecision.revision)
    )
    return {row.entry_id: [_finding(one) for one in row.decided if one["fired"]] for row in rows}


def _finding(stored: dict[str, Any]) -> dict[str, Any]:
    rule = stored["rule"]
    return {"rule": rule, "severity": stored["tier"], "text": CATALOGUE[rule].advice}


def _record(row: Any, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in SHOWN} | {"flags": _flags(row), "findings": found}


def _flags(row: Any) -> list[str]:
    """What to look at in one reading alone. A crisis pressure is to be measured again: E2 fires on
    the second one.
    """
    rate = heart_rate_flag(row.heart_rate)
    flags = [] if rate is None else [f"heart_rate_{rate}"]
    return [*flags, *(["crisis_pressure"] if is_crisis(rule_vitals(row).pressure) else [])]
