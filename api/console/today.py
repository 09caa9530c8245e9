"""Today: who needs somebody first, and why."""

from __future__ import annotations

from typing import Final

from flask import Response, request

from api.browser.session import reader
from api.console.shell import page, shows
from api.http.auth import now
from services.access import Action
from services.caseload.worklist.listing import list_caseload
from services.caseload.worklist.statement import CaseloadFilter

ROWS: Final = 50


@shows("/today", Action.READ_PATIENTS)
def show_today() -> Response:
    """The caseload."""
    wanted = CaseloadFilter(q=request.args.get("q") or None, limit=ROWS)
    listed = list_caseload(reader().actor, wanted, now())
    return page("today/today.html", rows=listed["items"])
