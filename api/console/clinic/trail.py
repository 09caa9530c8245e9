"""Who looked at whom: the audit trail of a person, in words."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import NOBODY, known
from api.browser.session import reader
from api.console.clinic.staff import everybody
from api.console.shell import page, shows
from api.http.auth import now
from services.access import Action
from services.auditing.listing import AuditFilter
from services.auditing.named import list_named
from services.break_glass import list_openings
from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter
from services.exceptions import Invalid

FOUND: Final = 20


@shows("/clinic/audit", Action.READ_AUDIT)
def show_audit() -> Response:
    """The newest entries about a patient, or by and about a member of staff."""
    given, actor = request.args, reader().actor
    q = given.get("q", "").replace("\0", "").strip()[:100]
    found = []
    if q:
        found = list_caseload(actor, CaseloadFilter("name", q, limit=FOUND), now())["items"]
    patient_id, user_id = _id(given.get("patient")), _id(given.get("person"))
    entries: dict[str, Any] = {"items": [], "names": {}, "next_cursor": None}
    if patient_id or user_id:
        entries = _entries(AuditFilter(patient_id, user_id, cursor=given.get("cursor")))
    return page(
        "clinic/audit.html",
        q=q,
        found=found,
        people=everybody(),
        patient_id=patient_id,
        user_id=user_id,
        entries=entries,
        asked=bool(patient_id or user_id),
    )


@shows("/clinic/break-glass", Action.READ_AUDIT)
def show_openings() -> Response:
    """Who opened a patient out of their view, why, and what they did there."""
    return page("clinic/break_glass.html", openings=list_openings(reader().actor, now()))


def _id(text: str | None) -> UUID | None:
    found = known(text or "")
    return None if found == NOBODY else found


def _entries(wanted: AuditFilter) -> dict[str, Any]:
    try:
        return list_named(reader().actor, wanted, now())
    except Invalid:  # a cursor of another list
        return list_named(reader().actor, AuditFilter(wanted.patient_id, wanted.user_id), now())
