"""Side effects on the patient's behalf: asked by a person, decided like any other report."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response

from api.browser.session import reader
from api.console.patient.entering.fields import Field, of
from api.console.patient.entering.form import EntryForm, filled_from, sent, shown, zone_of
from api.console.shell import shows, takes
from api.http.auth import now
from schemas.phone.side_effects import SideEffectsIn
from services.access import Action
from services.caseload.patient.profile import get_patient
from services.intake.forms import EffectsForm
from services.intake.side_effects import record_side_effects
from services.rules.side_effects.coded_list import SIDE_EFFECTS

PATH: Final = "/patients/<uuid:patient_id>/enter/side-effects"
EFFECTS: Final = SideEffectsIn()
# The grades in the lay words that a patient would read.
GRADES: Final = [
    (str(grade), f"{grade}: {one.label}") for grade, one in SIDE_EFFECTS.grades.items()
]
FIELDS: Final = (
    of(EFFECTS, "recorded_at", "Reported at"),
    *(
        Field(f"effects.{code}", effect.label, "choice", GRADES, empty="–")
        for code, effect in SIDE_EFFECTS.effects.items()
    ),
    of(EFFECTS, "vitals.systolic", "Systolic, mmHg", required=False),
    of(EFFECTS, "vitals.diastolic", "Diastolic, mmHg", required=False),
    of(EFFECTS, "vitals.heart_rate", "Heart rate, a minute"),
    of(EFFECTS, "note", "In the patient's own words", kind="area"),
)
INTRO: Final = (
    "What the patient reports, each with how bad it was; a blood pressure that they measured. A"
    " grade of 4, and what is an emergency at any grade, pages at once."
)


def side_effects_form(patient_id: UUID) -> EntryForm:
    """Every code of the list with its grades, on the patient's clock."""
    zone = get_patient(reader().actor, patient_id, now())["timezone"]
    intro = (INTRO, f"Times are on the clock of {zone}.")
    return EntryForm(
        patient_id,
        "side-effects",
        "Side effects",
        FIELDS,
        zone=zone_of(zone),
        intro=intro,
        aligned=True,
    )


@shows(PATH, Action.WRITE_ENTRIES)
def show_side_effects_form(patient_id: UUID) -> Response:
    """The form."""
    return shown(filled_from(side_effects_form(patient_id), {"recorded_at": now()}))


@takes(PATH, Action.WRITE_ENTRIES)
def post_side_effects(patient_id: UUID) -> Response:
    """Store them; whatever they mean is decided and paged at once."""
    form = side_effects_form(patient_id)

    def save(actor: Any, body: dict[str, Any]) -> None:
        record_side_effects(actor, EffectsForm(**body), None, now())

    about = {"patient_id": str(patient_id), "timezone": str(form.zone)}
    return sent(form, EFFECTS, save, shape=_as_listed, **about)


def _as_listed(body: dict[str, Any]) -> dict[str, Any]:
    """The grades by code as the API lists them; what is no number is refused by the schema."""
    grades: dict[str, str] = body.get("effects", {})
    listed = [
        {"code": code, "grade": int(grade) if grade.isdecimal() else grade}
        for code, grade in grades.items()
    ]
    return {**body, "effects": listed}
