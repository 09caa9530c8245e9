"""Vital signs around a session: stored, corrected, decided and paged in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from models import StoredDecision, StoredVitals
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import Invalid, NotFound
from services.intake.deciding.outcome import Outcome
from services.intake.deciding.treatment import decide_vitals
from services.paging import Page
from services.patients.history.side_effects import rule_vitals
from services.patients.view import visible_patient
from services.rules.catalogue import CATALOGUE
from services.rules.mood_days import to_utc
from services.rules.session_day.after_dosing import heart_rate_flag
from services.rules.session_day.blood_pressure import is_crisis
from services.treatment.once import New, Writing, begin, finish, keep_outcome, write_once
from services.treatment.records import insert_record, newest_first
from services.treatment.session_record import known_session

MEASURED: Final = ("systolic", "diastolic", "heart_rate", "spo2", "sedation", "dissociation")
FIELDS: Final = ("phase", "taken_at", *MEASURED)
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
    given: dict[str, Any] = dict.fromkeys(FIELDS) | _in_columns(fields)

    def make(writing: Writing, new_id: UUID) -> dict[str, Any]:
        at = known_session(writing.session, patient_id, session_id)
        _check(at, given["taken_at"])
        stored, outcome = _store(writing, at, new_id, 1, given)
        return _record(stored, [_finding(one.stored()) for one in outcome.others if one.fired])

    if given["taken_at"] > now + AHEAD:
        raise Invalid({"taken_at": ["Must not lie in the future."]})
    content = {"session": str(session_id)} | {name: str(value) for name, value in given.items()}
    return write_once(actor, New("vitals", patient_id, record_id, content), make, now)


def change_vitals(
    actor: Actor,
    patient_id: UUID,
    session_id: UUID,
    vitals_id: UUID,
    fields: dict[str, Any],
    now: datetime,
) -> dict[str, Any]:
    """One set of vital signs with these fields corrected, as a new version; unchanged, it stays.

    What is new in it pages; what the version before reported stays on its alert. Raises `NotFound`,
    and `Invalid` as `record_vitals`.
    """
    scopes(actor, Action.MANAGE_TREATMENT)
    with acting(actor, now) as session:
        writing = begin(session, actor, patient_id, now)
        at = known_session(session, patient_id, session_id)
        last = session.execute(
            _current(patient_id, session_id).where(StoredVitals.id == vitals_id)
        ).one_or_none()
        if last is None:
            raise NotFound
        before = {name: getattr(last, name) for name in FIELDS}
        after = before | _in_columns(fields)
        if after != before:
            _check(at, after["taken_at"])
            if after["taken_at"] > now + AHEAD:
                raise Invalid({"taken_at": ["Must not lie in the future."]})
            session.execute(
                update(StoredVitals)
                .where(StoredVitals.id == vitals_id, StoredVitals.version == last.version)
                .values(superseded_revision=writing.patient.next_revision)
            )
            last, _ = _store(writing, at, vitals_id, last.version + 1, after)
            finish(writing, "vitals_changed", vitals_id)
        return _record(last, _findings(session, patient_id, [vitals_id]).get(vitals_id, []))


def _in_columns(fields: dict[str, Any]) -> dict[str, Any]:
    """What was sent, the instant in UTC."""
    return {name: to_utc(value) if name == "taken_at" else value for name, value in fields.items()}


def _store(
    writing: Writing, at: Any, vitals_id: UUID, version: int, fields: dict[str, Any]
) -> tuple[Any, Outcome]:
    """Store one version with what is decided about it."""
    session, patient, now = writing.session, writing.patient, writing.now
    columns = {"version": version, "session_id": at.session_id, "received_at": now}
    columns |= {"entered_by": writing.actor.user_id}
    stored = insert_record(writing, StoredVitals, vitals_id, columns | fields)
    outcome = decide_vitals(session, patient, at, stored, now)
    keep_outcome(writing, outcome, vitals_id)
    return stored, outcome


def _current(patient_id: UUID, session_id: UUID) -> Select[Any]:
    return select(*StoredVitals.__table__.c).where(
        StoredVitals.session_id == session_id,
        StoredVitals.patient_id == patient_id,
        StoredVitals.superseded_revision.is_(None),
    )


def _check(row: Any, taken_at: datetime) -> None:
    if row.cancelled:
        raise Invalid({"session_id": ["This session was cancelled."]})
    if abs(taken_at - row.started_at) > NEAR:
        raise Invalid({"taken_at": ["Must be within two days of the session."]})


def list_vitals(
    actor: Actor, patient_id: UUID, session_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """The vital signs of a session, newest first; raises `NotFound` and `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        known_session(session, patient_id, session_id)
        query = _current(patient_id, session_id)
        page = newest_first(session, query, StoredVitals.taken_at, StoredVitals.id, limit, cursor)
        found = _findings(session, patient_id, [row.id for row in page.rows])
        audit.record_read(session, actor, "vitals_read", now, patient_id)
    return page.rendered(lambda row: _record(row, found.get(row.id, [])))


def _findings(
    session: Session, patient_id: UUID, ids: Sequence[UUID]
) -> dict[UUID, list[dict[str, Any]]]:
    """What was decided about each, at last; what an earlier version reported still stands."""
    rows = session.execute(
        select(StoredDecision.entry_id, StoredDecision.decided)
        .where(StoredDecision.patient_id == patient_id, StoredDecision.entry_id.in_(ids))
        .order_by(StoredDecision.revision)
    )
    found: dict[UUID, dict[str, dict[str, Any]]] = {}
    for row in rows:
        before = found.get(row.entry_id, {})
        found[row.entry_id] = {
            one["rule"]: _finding(one) if one["fired"] else before[one["rule"]]
            for one in row.decided
            if one["fired"]
            or (one["inputs"].get("held") == "earlier_version" and one["rule"] in before)
        }
    return {entry_id: list(by_rule.values()) for entry_id, by_rule in found.items()}


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
