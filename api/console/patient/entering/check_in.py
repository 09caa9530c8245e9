"""A check-in on the patient's behalf: asked by a person, decided like any other."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.session import reader
from api.console.patient import words
from api.console.patient.entering.fields import DECLINED, Field, of
from api.console.patient.entering.form import EntryForm, filled_from, sent, shown, zone_of
from api.console.shell import at, page, shows, takes
from api.http.auth import now
from schemas.phone.check_ins import CheckInIn
from services.access import Action
from services.caseload.patient.profile import get_patient
from services.exceptions import NotFound
from services.intake.check_in import record_check_in
from services.intake.forms import CheckInForm
from services.rules.instruments.definition import Item, load_instruments

PATH: Final = "/patients/<uuid:patient_id>/enter/check-in"
CHECK_IN: Final = CheckInIn()
LEFT_OUT: Final = ("", "left out")


def check_in_form(patient_id: UUID, code: str) -> EntryForm:
    """Every question of the form with its answers; raises `NotFound` for another instrument."""
    asked = load_instruments().get(code)
    if asked is None:
        raise NotFound
    zone = get_patient(reader().actor, patient_id, now())["timezone"]
    fields = [
        of(CHECK_IN, "recorded_at", "Answered at"),
        *map(question, asked.items),
        of(CHECK_IN, "note", "In the patient's own words", kind="area"),
    ]
    intro = (asked.prompt, f"Ask each question as it is written. Times are on the clock of {zone}.")
    return EntryForm(
        patient_id, "check-in", words.short(code), fields, zone=zone_of(zone), intro=intro
    )


def question(item: Item) -> Field:
    """A question of a form with its answers, and that it was declined or left out."""
    options = [(str(one.value), one.label) for one in item.options]
    choices = [*options, (DECLINED, "declined to answer"), LEFT_OUT]
    return Field(f"answers.{item.link_id}", item.text, "answer", choices)


@shows(PATH, Action.WRITE_ENTRIES)
def show_check_in_form(patient_id: UUID) -> Response:
    """Which form, then the form."""
    code = request.args.get("instrument")
    if code is None:
        patient = get_patient(reader().actor, patient_id, now())
        forms = [
            (one.code, words.short(one.code), one.recall) for one in load_instruments().values()
        ]
        path = at(f"/patients/{patient_id}")
        return page("patient/instruments.html", patient=patient, patient_path=path, forms=forms)
    return shown(filled_from(check_in_form(patient_id, code), {"recorded_at": now()}))


@takes(PATH, Action.WRITE_ENTRIES)
def post_check_in(patient_id: UUID) -> Response:
    """Store it; whatever it means is decided and paged at once."""
    code = request.args.get("instrument", "")
    form = check_in_form(patient_id, code)

    def save(actor: Any, body: dict[str, Any]) -> None:
        record_check_in(actor, CheckInForm(**body), None, now())

    zone = str(form.zone)
    return sent(form, CHECK_IN, save, instrument=code, patient_id=str(patient_id), timezone=zone)
