"""The caseload's line of one patient: the same words on their page as in the list."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, bindparam
from sqlalchemy.orm import Session

from models import Patient
from services.access import Actor
from services.caseload.worklist.listing import show_row
from services.caseload.worklist.row import CaseRow, Days
from services.caseload.worklist.statement import SHAPES, statement
from services.patients.record import country_of
from services.patients.status.silence import silence_of

ONE: Final = bindparam("patient_id", type_=Patient.id.type)


def line_of(
    session: Session, actor: Actor, patient_id: UUID, now: datetime
) -> dict[str, Any] | None:
    """The line of a patient as the actor's caseload has it, None when it has none of them.

    Raises `Forbidden`.
    """
    query, width = _statement(actor.roles)
    given = {
        "user_id": actor.user_id,
        "now": now,
        "as_of": now,
        "silent": [],
        "rows": 1,
        "patient_id": patient_id,
    }
    found = session.connection().execute(query, given).one_or_none()
    if found is None:
        return None
    silence, country = silence_of(session, patient_id, now), country_of(session, actor.clinic_id)
    return show_row(CaseRow._make(found[width:]), silence, Days(now), country)


@lru_cache(SHAPES)
def _statement(roles: frozenset[str]) -> tuple[Select[Any], int]:
    query, width = statement(
        "name", roles, mine=False, searched=False, later=False, today=None, granted=True
    )
    return query.where(Patient.id == ONE), width
