"""What should be heard after each session, kept where the worker can see it (N2)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, tuple_, union_all
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from models import CheckIn, SessionFollowUp, SideEffectReport
from services.patients.history.treatments import load_treatment
from services.rules.mood_days import find_zone
from services.rules.session_day.follow_up import met_at, windows
from services.rules.session_day.numbers import SESSION_NUMBERS
from services.treatment.once import Writing


def set_follow_ups(writing: Writing) -> None:
    """Work out every window of the sessions that are no history yet, after one of them changed.

    What was reported as lapsed stays so. The status row is locked by the caller.
    """
    session, patient = writing.session, writing.patient
    rows = _rows(writing)
    kept = [(row["session_id"], row["kind"]) for row in rows]
    session.execute(
        delete(SessionFollowUp).where(
            SessionFollowUp.patient_id == patient.patient_id,
            SessionFollowUp.lapsed_at.is_(None),
            tuple_(SessionFollowUp.session_id, SessionFollowUp.kind).not_in(kept),
        )
    )
    if not rows:
        return
    new = insert(SessionFollowUp).values(rows)
    session.execute(
        new.on_conflict_do_update(
            index_elements=["clinic_id", "patient_id", "session_id", "kind"],
            set_={name: new.excluded[name] for name in ("opens_at", "due_at", "met_at")},
        )
    )


def _rows(writing: Writing) -> list[dict[str, Any]]:
    patient = writing.patient
    zone = find_zone(patient.timezone) or UTC
    since = writing.now - timedelta(days=SESSION_NUMBERS.follow_up.history_days)
    sessions = load_treatment(writing.session, patient.patient_id).sessions
    following = [*(later.started_at for _, later in pairwise(sessions)), None]
    heard = _heard(writing.session, patient.patient_id, since - timedelta(days=7))
    return [
        {
            "clinic_id": patient.clinic_id,
            "patient_id": patient.patient_id,
            "session_id": UUID(window.session_id),
            "kind": window.kind,
            "opens_at": window.opens_at,
            "due_at": window.due_at,
            "met_at": met_at(window, heard, next_start),
        }
        for one, next_start in zip(sessions, following, strict=False)
        for window in windows(one, zone)
        if window.due_at >= since
    ]


def _heard(session: Session, patient_id: UUID, since: datetime) -> Sequence[datetime]:
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
