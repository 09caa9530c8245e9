"""Forms that the patient answered, and one of them corrected: a new version, with its reason."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.session import reader
from api.console.patient import words
from api.console.patient.entering.check_in import question
from api.console.patient.entering.fields import of
from api.console.patient.entering.form import EntryForm, corrected, filled_from, shown
from api.console.shell import at, clock, page, shows, takes
from api.http.auth import now
from schemas.phone.check_ins import AmendIn
from services.access import Action
from services.caseload.patient.profile import get_patient
from services.exceptions import NotFound
from services.intake.check_in import CHECK_INS, amend_check_in
from services.intake.forms import AmendForm
from services.intake.versions import get_entry, list_entries
from services.rules.instruments.definition import load_instruments

LIST: Final = "/patients/<uuid:patient_id>/check-ins"
PATH: Final = "/patients/<uuid:patient_id>/correct/check-in/<uuid:check_in_id>"
AMEND: Final = AmendIn()
NEWEST: Final = 50
INTRO: Final = (
    "What is corrected here is a new version beside the earlier ones. Every safety rule looks at"
    " it; an alert of an earlier version stays."
)


@shows(LIST, Action.WRITE_ENTRIES)
def show_answered_forms(patient_id: UUID) -> Response:
    """The newest forms, as they stand."""
    actor = reader().actor
    patient = get_patient(actor, patient_id, now())
    found = list_entries(
        CHECK_INS, actor, now=now(), patient_id=patient_id, limit=NEWEST, cursor=None
    )
    path = at(f"/patients/{patient_id}")
    times = clock()
    forms = [
        (
            f"{path}/correct/check-in/{each['id']}",
            words.short(each["instrument"]),
            times.at(each["recorded_at"]),
        )
        for each in found["items"]
    ]
    more = found["next_cursor"] is not None
    return page("patient/answered.html", patient=patient, patient_path=path, forms=forms, more=more)


@shows(PATH, Action.WRITE_ENTRIES)
def show_amendment(patient_id: UUID, check_in_id: UUID) -> Response:
    """The answers as they stand, to be corrected."""
    record = _record(patient_id, check_in_id)
    # Why is entered anew: the reason of the last version is not that of the next.
    return shown(filled_from(_form(patient_id, record), {"answers": record["answers"]}))


@takes(PATH, Action.WRITE_ENTRIES)
def post_amendment(patient_id: UUID, check_in_id: UUID) -> Response:
    """One more version; whatever it means is decided and paged at once."""
    record = _record(patient_id, check_in_id)

    def save(actor: Any, body: dict[str, Any]) -> None:
        amend_check_in(actor, check_in_id, AmendForm(**body), None, now())

    sent_id = request.form.get("id", "")
    return corrected(_form(patient_id, record), AMEND, record, save, whole=True, id=sent_id)


def _record(patient_id: UUID, check_in_id: UUID) -> dict[str, Any]:
    """The current version with its reason; raises `NotFound` for another patient's."""
    found = get_entry(CHECK_INS, reader().actor, check_in_id, now())
    if found["patient_id"] != patient_id:
        raise NotFound
    return {**found, "reason": found["versions"][-1]["reason"]}


def _form(patient_id: UUID, record: dict[str, Any]) -> EntryForm:
    asked = load_instruments().get(record["instrument"])
    if asked is None:
        raise NotFound
    fields = [
        *map(question, asked.items),
        of(AMEND, "reason", "Why it is corrected", kind="area"),
    ]
    answered = f"Answered {clock().at(record['recorded_at'])}."
    return EntryForm(
        patient_id,
        "amendment",
        f"Correct: {words.short(record['instrument'])}",
        fields,
        intro=(asked.prompt, answered, INTRO),
        version=len(record["versions"]),
    )
