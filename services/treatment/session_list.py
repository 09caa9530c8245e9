"""Reading sessions: all of a patient, or one."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models import TreatmentSessionVersion
from services import audit
from services.access import Action, Actor
from services.accounts.token_check import acting
from services.exceptions import NotFound
from services.paging import Page
from services.patients.history.treatments import current_sessions
from services.patients.view import visible_patient
from services.treatment.lists import newest_first
from services.treatment.session_record import load_around, record_from, session_record


def list_sessions(
    actor: Actor, patient_id: UUID, limit: int, cursor: str | None, now: datetime
) -> Page:
    """Newest first by their start; raises `NotFound` and `Forbidden`."""
    table = TreatmentSessionVersion
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        query = current_sessions(patient_id)
        page = newest_first(session, query, table.started_at, table.session_id, limit, cursor)
        around = load_around(session, patient_id)
        audit.record(session, actor.user_id, "sessions_read", now, patient_id=patient_id)
    return page.rendered(lambda row: record_from(row, around, now))


def get_session(actor: Actor, patient_id: UUID, session_id: UUID, now: datetime) -> dict[str, Any]:
    """One session of a patient in view; raises `NotFound` and `Forbidden`."""
    with acting(actor, now) as session:
        visible_patient(session, actor, Action.READ_TREATMENT, patient_id, now)
        row = known_session(session, patient_id, session_id)
        shown = session_record(session, row, now)
        audit.record(session, actor.user_id, "session_read", now, patient_id=patient_id)
        return shown


def known_session(session: Session, patient_id: UUID, session_id: UUID) -> Any:
    """The session's current version; raises `NotFound`."""
    row = session.execute(
        current_sessions(patient_id).where(TreatmentSessionVersion.session_id == session_id)
    ).one_or_none()
    if row is None:
        raise NotFound
    return row
