"""The audit, for administrators."""

from __future__ import annotations

from typing import Any

from flask import Response

from api.http.auth import current_actor, now
from api.http.bodies import Routes, json_answer
from schemas.audit import AuditEntryOut, AuditQuery
from schemas.base import page_of
from services.auditing.listing import AuditFilter, list_audit

routes = Routes("audit", __name__, description="Who read or changed what")


@routes.reads("/v1/audit", page_of(AuditEntryOut), AuditQuery)
def get_audit(query: dict[str, Any]) -> Response:
    """What was recorded about a patient or an account, newest first; reading it is recorded too."""
    return json_answer(list_audit(current_actor(), AuditFilter(**query), now()))
