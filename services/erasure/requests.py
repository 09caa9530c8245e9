"""An administrator asks that a patient be erased; all administrators see what was asked."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models import Alert, Erasure
from models.base import new_id
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.exceptions import OpenAlertExists
from services.paging import Page, page_of_rows, page_query
from services.patients.status.lock import lock_status_row
from services.patients.view import visible_patient
from services.rules.catalogue import FAMILIES, SILENCE, SUICIDE_RISK, UNREADABLE_RISK

# API contract, "Privacy": while one of these is open nobody is erased.
EMERGENCIES: Final = tuple(family for family in FAMILIES if re.fullmatch(r"e\d+", family))
# What nobody has confirmed yet, or taken back.
WAITS: Final = and_(Erasure.erased_at.is_(None), Erasure.withdrawn_at.is_(None))
KEEPS: Final = (SUICIDE_RISK, UNREADABLE_RISK, SILENCE, *EMERGENCIES)


def request_erasure(actor: Actor, patient_id: UUID, reason: str, now: datetime) -> dict[str, Any]:
    """The erasure that now waits for a second administrator; where one waits already, that one.

    Raises `Forbidden`, `NotFound`, and `OpenAlertExists` while an alert of danger is open.
    """
    with acting(actor, now) as session:
        patient = visible_patient(session, actor, Action.ERASE_PATIENTS, patient_id, now)
        lock_status_row(session, patient_id)
        refuse_open_alert(session, patient_id)
        waits = select(Erasure).where(Erasure.patient_id == patient_id, WAITS)
        erasure = session.scalars(waits).one_or_none()
        if erasure is None:
            erasure = Erasure(
                clinic_id=actor.clinic_id,
                id=new_id(),
                patient_id=patient_id,
                user_id=patient.user_id,
                reason=reason,
                requested_by=actor.user_id,
                requested_at=now,
            )
            session.add(erasure)
            session.flush()
        audit.record(session, actor.user_id, "erasure_requested", now, patient_id, erasure.id)
        return shown(erasure)


def list_erasures(actor: Actor, now: datetime, limit: int, cursor: str | None) -> Page:
    """The clinic's erasures, newest first; the read is recorded. Raises `Forbidden`."""
    scopes(actor, Action.ERASE_PATIENTS)
    query = page_query(select(Erasure), Erasure.requested_at, Erasure.id, limit, cursor)
    with acting(actor, now) as session:
        rows = session.scalars(query).all()
        about = sorted({row.patient_id for row in rows[:limit]})
        audit.record(session, actor.user_id, "erasures_read", now, about=about)
        page = page_of_rows(rows, limit, lambda row: (row.requested_at, row.id))
        return page.rendered(shown)


def refuse_open_alert(session: Session, patient_id: UUID) -> None:
    """Raises `OpenAlertExists` while somebody has to see to this patient's safety. The status row
    is locked by the caller.
    """
    is_open = select(Alert.id).where(
        Alert.patient_id == patient_id, Alert.family.in_(KEEPS), Alert.status != "resolved"
    )
    if session.scalar(is_open.limit(1)) is not None:
        raise OpenAlertExists


def shown(erasure: Erasure) -> dict[str, Any]:
    """An erasure as administrators see it."""
    return {
        "id": erasure.id,
        "patient_id": erasure.patient_id,
        "status": _status(erasure),
        "reason": erasure.reason,
        "requested_by": erasure.requested_by,
        "requested_at": erasure.requested_at,
        "confirmed_by": erasure.confirmed_by,
        "erased_at": erasure.erased_at,
        "withdrawn_by": erasure.withdrawn_by,
        "withdrawn_at": erasure.withdrawn_at,
    }


def _status(erasure: Erasure) -> str:
    if erasure.withdrawn_at is not None:
        return "withdrawn"
    return "requested" if erasure.erased_at is None else "erased"
