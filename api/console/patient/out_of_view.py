"""Break-glass in the console: what clinicians and on-call staff meet where they may not look.

The page is the same whether there is such a patient or not.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.forms import Filled, loaded
from api.browser.session import reader
from api.console.patient.routes import patient_path
from api.console.shell import REFUSALS, back_to, console, page, shows, takes
from api.http.auth import now
from schemas.clinicians.break_glass import REASON_LIMIT, BreakGlassIn
from services.access import Action
from services.break_glass import break_glass, is_closed
from services.exceptions import Invalid, NotFound, RateLimited

FORM: Final = BreakGlassIn()
FIELDS: Final = ("patient_id", "mrn", "reason")
UNKNOWN: Final = "Your clinic has no such patient."


@shows("/break-glass", Action.BREAK_GLASS)
def show_break_glass() -> Response:
    """The form, for whoever has the record number."""
    return form(200)


@takes("/break-glass", Action.BREAK_GLASS)
def post_break_glass() -> Response:
    """Open the patient's page."""
    try:
        opened = break_glass(reader().actor, now=now(), **loaded(FORM, *FIELDS))
    except Invalid as error:
        return form(422, error.errors)
    except NotFound:
        return form(404, {"": [UNKNOWN]})
    except RateLimited as error:
        return form(429, {"": [error.detail]})
    return back_to(patient_path(opened["patient_id"]))


def form(
    status: int, errors: dict[str, Any] | None = None, patient_id: UUID | None = None
) -> Response:
    """`patient_id`: of the address that somebody opened; else they type the record number."""
    typed = Filled(request.form.to_dict())
    return page(
        "patient/out_of_view.html",
        status,
        errors=errors,
        fields=FIELDS,
        typed=typed,
        patient_id=patient_id or typed["patient_id"],
        most=REASON_LIMIT,
    )


@console.errorhandler(NotFound)
def not_in_view(error: NotFound) -> Response:
    """Of an address about a patient: the way in for those who have one. Else nothing is there."""
    # Pages that are open to everybody are about nobody, and have no reader.
    patient_id = (request.view_args or {}).get("patient_id")
    if request.method == "GET" and patient_id and is_closed(reader().actor, patient_id, now()):
        return form(404, patient_id=patient_id)
    return REFUSALS.in_words(error)
