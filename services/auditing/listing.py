"""Reading what was recorded about a patient or an account; it is recorded as well."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, or_, select

from models import AuditDetail, AuditEntry
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.break_glass import BROKEN, reasons_of
from services.exceptions import Invalid
from services.paging import Page, page_of_rows, page_query

WHOSE = "Name a patient, an account, or both."


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Whose entries: about a patient, by or about an account, or both."""

    patient_id: UUID | None = None
    user_id: UUID | None = None
    limit: int = 50
    cursor: str | None = None


def list_audit(actor: Actor, wanted: AuditFilter, now: datetime) -> Page:
    """Entries of the clinic, newest first, for administrators; an unknown id is an empty list.

    Raises `Forbidden`, and `Invalid` when nobody is named.
    """
    scopes(actor, Action.READ_AUDIT)
    if wanted.patient_id is None and wanted.user_id is None:
        raise Invalid({"patient_id": [WHOSE]})
    query = (
        select(AuditEntry, AuditDetail.detail)
        .outerjoin(
            AuditDetail,
            (AuditDetail.clinic_id == AuditEntry.clinic_id)
            & (AuditDetail.entry_id == AuditEntry.id),
        )
        .where(AuditEntry.clinic_id == actor.clinic_id, *_about(wanted))
    )
    query = page_query(query, AuditEntry.at, AuditEntry.id, wanted.limit, wanted.cursor)
    with acting(actor, now) as session:
        rows = session.execute(query).all()
        named = [wanted.user_id] if wanted.user_id else []
        audit.record(session, actor.user_id, "audit_read", now, wanted.patient_id, about=named)
        page = page_of_rows(rows, wanted.limit, lambda row: (row[0].at, row[0].id))
        grants = [entry.object_id for entry, _ in page.rows if entry.action == BROKEN]
        why = reasons_of(session, [one for one in grants if one is not None])
        return page.rendered(lambda row: _shown(*row, why))


def _about(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, one in (
        (AuditEntry.patient_id, wanted.patient_id),
        (AuditEntry.actor_id, wanted.user_id),
    ):
        if one is not None:
            found.append(or_(column == one, AuditEntry.about_ids.contains([one])))
    return found


def _shown(
    entry: AuditEntry, detail: dict[str, Any] | None, why: Mapping[UUID, str]
) -> dict[str, Any]:
    """`seq` and `sealed_at` are null until the sealer has been there; `why`: of break-glass, which
    keeps its reasons encrypted.
    """
    reason = None if entry.object_id is None else why.get(entry.object_id)
    return {
        "id": entry.id,
        "at": entry.at,
        "action": entry.action,
        "actor_id": entry.actor_id,
        "patient_id": entry.patient_id,
        "object_id": entry.object_id,
        "about_ids": entry.about_ids or [],
        "detail": (detail or {}) | ({} if reason is None else {"reason": reason}),
        "seq": entry.seq,
        "sealed_at": entry.sealed_at,
    }
