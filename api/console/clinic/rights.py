"""Patients' rights, for administrators: who is to be erased, and whose data can be fetched."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.session import reader
from api.console.shell import back_to, page, shows, takes
from api.http.auth import now
from api.http.problems import problem_of
from services.access import Action
from services.auditing.named import names_of
from services.erasure.erase import confirm_erasure, withdraw_erasure
from services.erasure.requests import list_erasures
from services.exceptions import (
    AlreadyErased,
    ErasureWithdrawn,
    OpenAlertExists,
    SecondAdminNeeded,
)
from services.export.requests import list_clinics_exports

PATH: Final = "/clinic/rights"
NEWEST: Final = 50
# What is refused in words at the request.
SAYS: Final = (OpenAlertExists, SecondAdminNeeded, ErasureWithdrawn, AlreadyErased)
OPEN_ALERT: Final = (
    "An alert about danger to this patient is open: possible suicide risk, silence after it, or an"
    " emergency. Nobody is erased until somebody has resolved it, since name and telephone number"
    " would go with the rest."
)
SURE: Final = "Tick that you know that nothing brings the patient back."


@shows(PATH, Action.ERASE_PATIENTS)
def show_rights() -> Response:
    """What waits for a second administrator, and what was done."""
    return _rights()


@takes(f"{PATH}/erasures/<uuid:erasure_id>/confirm", Action.ERASE_PATIENTS)
def post_confirmation(erasure_id: UUID) -> Response:
    """Erase the patient for good, as the second administrator."""
    if request.form.get("sure") != "1":
        return _rights(422, SURE)
    return _done(confirm_erasure, erasure_id)


@takes(f"{PATH}/erasures/<uuid:erasure_id>/withdraw", Action.ERASE_PATIENTS)
def post_withdrawal(erasure_id: UUID) -> Response:
    """Take the request back."""
    return _done(withdraw_erasure, erasure_id)


def _done(act: Callable[..., Mapping[str, Any]], erasure_id: UUID) -> Response:
    try:
        act(reader().actor, erasure_id, now())
    except SAYS as error:
        words = OPEN_ALERT if isinstance(error, OpenAlertExists) else error.detail
        return _rights(problem_of(error)["status"], words)
    return back_to(PATH)


def _rights(status: int = 200, problem: str = "") -> Response:
    actor = reader().actor
    found = list_erasures(actor, now(), NEWEST, None)["items"]
    exports = list_clinics_exports(actor, now())
    people = ("requested_by", "confirmed_by", "withdrawn_by", "patient_id")
    ids = {one[name] for one in (*found, *exports) for name in people if one.get(name)}
    return page(
        "clinic/rights.html",
        status,
        problem=problem,
        waiting=[one for one in found if one["status"] == "requested"],
        past=[one for one in found if one["status"] != "requested"],
        exports=exports,
        names=names_of(actor, ids, now()),
    )
