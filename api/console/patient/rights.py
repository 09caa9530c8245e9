"""What a patient may ask for: all that there is about them in a file, and to be erased."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from flask import Response

from api.browser.session import reader
from api.console.patient.entering.fields import of
from api.console.patient.entering.form import EntryForm, sent, shown
from api.console.patient.routes import patient_path
from api.console.shell import at, back_to, page, shows, takes
from api.http.auth import now
from api.http.media_types import zip_answer
from schemas.privacy.requests import ErasureIn
from services.access import Action
from services.caseload.patient.profile import get_patient
from services.erasure.requests import request_erasure
from services.export.requests import list_exports, read_export, request_export

EXPORT: Final = "/patients/<uuid:patient_id>/export"
ERASURE: Final = "/patients/<uuid:patient_id>/erasure"
REASON: Final = ErasureIn()
FIELDS: Final = (
    of(REASON, "reason", "Why", kind="area", hint="Administrators read it; it goes at the end."),
)
INTRO: Final = (
    "Name, contact data, answers, notes, alerts and account go for good once a second"
    " administrator confirms. Until then it can be taken back.",
    "It is refused while an alert about danger to the patient is open.",
    "Think of what your law makes you keep. The patient can have all of it as a file first: whoever"
    " treats them makes it.",
)


@shows(EXPORT, Action.EXPORT_PATIENTS)
def show_exports(patient_id: UUID) -> Response:
    """What was asked for, and the files."""
    patient = get_patient(reader().actor, patient_id, now())
    found = list_exports(reader().actor, patient_id, now())
    base = at(patient_path(patient_id))
    return page("patient/export.html", patient=patient, base=base, exports=found)


@takes(EXPORT, Action.EXPORT_PATIENTS)
def post_export(patient_id: UUID) -> Response:
    """Ask for the file; within a day it can be fetched."""
    request_export(reader().actor, patient_id, now())
    return back_to(f"{patient_path(patient_id)}/export")


@shows(f"{EXPORT}/<uuid:export_id>", Action.EXPORT_PATIENTS)
def show_archive(patient_id: UUID, export_id: UUID) -> Response:
    """The file, made of what there is now."""
    return zip_answer(read_export(reader().actor, export_id, now(), patient_id))


@shows(ERASURE, Action.ERASE_PATIENTS)
def show_erasure(patient_id: UUID) -> Response:
    """The form."""
    return shown(erasure_form(patient_id))


@takes(ERASURE, Action.ERASE_PATIENTS)
def post_erasure(patient_id: UUID) -> Response:
    """Ask for it; where a request waits already, that one stands."""
    return sent(
        erasure_form(patient_id),
        REASON,
        lambda actor, body: request_erasure(actor, patient_id, body["reason"], now()),
    )


def erasure_form(patient_id: UUID) -> EntryForm:
    """Why a patient is to be erased."""
    return EntryForm(
        patient_id,
        "erasure",
        "Erase this patient",
        FIELDS,
        submit="Ask for the erasure",
        back="/clinic/rights",
        makes=False,
        intro=INTRO,
    )
