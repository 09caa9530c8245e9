"""The contacts expected after each session, kept where the worker can see them (N2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, cast
from uuid import UUID

import structlog
from sqlalchemy import Table, Update, bindparam, delete, select, tuple_, union_all, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models import CheckIn, SessionFollowUp, SideEffectReport
from services.intake.deciding.outcome import Outcome
from services.patients.history.treatments import load_treatment
from services.patients.status.lock import LockedPatient
from services.rules.mood_days import IMPLAUSIBLE_TIME, find_zone
from services.rules.session_day.follow_up import met_at, windows
from services.rules.session_day.numbers import SESSION_NUMBERS
from services.unit_of_work import Prepared

log = structlog.get_logger()


def with_follow_ups(
    session: Session, patient: LockedPatient, outcome: Outcome, now: datetime
) -> Outcome:
    """Work out every window of the sessions that are no history yet, after one of them changed. A
    fault in it never costs the session: it counts as failed rules.

    What was reported as lapsed stays so. The status row is locked by the caller.
    """
    try:
        rows = _rows(session, patient, now)
    except SQLAlchemyError:
        raise
    except Exception as error:  # noqa: BLE001 -- a fault in the rules must not cost the record
        log.error("follow_ups_failed", kind=type(error).__name__)
        return replace(outcome, failed=True)
    kept = [(row["session_id"], row["kind"]) for row in rows]
    session.execute(
        delete(SessionFollowUp).where(
            SessionFollowUp.patient_id == patient.patient_id,
            SessionFollowUp.lapsed_at.is_(None),
            tuple_(SessionFollowUp.session_id, SessionFollowUp.kind).not_in(kept),
        )
    )
    if rows:
        new = insert(SessionFollowUp).values(rows)
        session.execute(
            new.on_conflict_do_update(
                index_elements=["clinic_id", "patient_id", "session_id", "kind"],
                set_={name: new.excluded[name] for name in ("opens_at", "due_at", "met_at")},
            )
        )
    return outcome


def _rows(session: Session, patient: LockedPatient, now: datetime) -> list[dict[str, Any]]:
    zone = find_zone(patient.timezone) or UTC
    since = now - timedelta(days=SESSION_NUMBERS.follow_up.history_days)
    sessions = load_treatment(session, patient.patient_id).sessions
    following = [*(later.started_at for _, later in pairwise(sessions)), None]
    contacts = _contacts(session, patient.patient_id, since - timedelta(days=7))
    return [
        {
            "clinic_id": patient.clinic_id,
            "patient_id": patient.patient_id,
            "session_id": UUID(window.session_id),
            "kind": window.kind,
            "opens_at": window.opens_at,
            "due_at": window.due_at,
            "met_at": met_at(window, contacts, next_start),
        }
        for one, next_start in zip(sessions, following, strict=False)
        for window in windows(one, zone)
        if window.due_at >= since
    ]


def _contacts(session: Session, patient_id: UUID, since: datetime) -> Sequence[datetime]:
    """When something was answered since then: check-ins and reports of side effects."""
    both = union_all(
        *(
            select(table.answered_at.label("at")).where(
                table.patient_id == patient_id, table.answered_at >= since
            )
            for table in (CheckIn, SideEffectReport)
        )
    ).subquery()
    return list(session.scalars(select(both.c.at).order_by(both.c.at)))


def follow_ups_met(patient: LockedPatient, outcome: Outcome) -> list[Prepared]:
    """What was awaited after a session has come: N2 does not fire."""
    facts = outcome.read.facts
    if facts.kind == "help_request" or IMPLAUSIBLE_TIME in facts.flags:
        return []
    return [Prepared(_meet, {"of": patient.patient_id, "at": facts.recorded_at})]


def _meet(prefix: str) -> Update:
    table = cast(Table, SessionFollowUp.__table__)
    columns = table.c
    at = bindparam(f"{prefix}at", type_=columns.met_at.type)
    return (
        update(table)
        .where(
            columns.patient_id == bindparam(f"{prefix}of"),
            columns.met_at.is_(None),
            columns.opens_at <= at,
            columns.due_at >= at,
        )
        .values(met_at=at)
    )
