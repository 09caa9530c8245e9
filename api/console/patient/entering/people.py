"""Forms about who the patient is: contact data, care team, whether they are followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from flask import Response

from api.browser.session import reader
from api.console.clinic.staff import everybody
from api.console.patient.entering.fields import Field, of
from api.console.patient.entering.form import EntryForm, compared, corrected, filled_from, shown
from api.console.shell import shows, takes
from api.http.auth import now
from schemas.clinicians.patients import CareTeamIn, PatientChangeIn
from services.access import Action
from services.caseload.patient.change import LONGEST_PAUSE, change_patient
from services.caseload.patient.profile import get_patient, put_care_team
from services.seen import name_of

WRITES: Final = Action.MANAGE_PATIENTS
ENTER: Final = "/patients/<uuid:patient_id>/enter"
CHANGE: Final = PatientChangeIn()
# What was not changed is not sent.
TEAM: Final = CareTeamIn(partial=True)
CONTACT_FIELDS: Final = (
    of(CHANGE, "name", "Name", required=True),
    of(CHANGE, "mrn", "MRN"),
    of(CHANGE, "born_on", "Born on"),
    of(CHANGE, "phone", "Phone", kind="tel"),
    of(CHANGE, "address", "Address", kind="area"),
    of(CHANGE, "emergency_contact.name", "Emergency contact: name", required=False),
    of(CHANGE, "emergency_contact.phone", "Their phone", kind="tel", required=False),
    of(CHANGE, "emergency_contact.relation", "Relation"),
    of(CHANGE, "timezone", "Time zone", hint="As Europe/Paris: days are counted in it."),
)
CLINICAL_FIELDS: Final = (
    of(CHANGE, "indications", "Indications", hint="One a line."),
    of(CHANGE, "risk_at_intake", "Suicidal ideation at intake"),
)
STATUS_FIELDS: Final = (
    of(
        CHANGE,
        "status",
        "Status",
        options=[
            ("active", "Followed"),
            ("paused", "Paused: nothing is due for a while"),
            ("discharged", "Discharged: nobody follows them"),
        ],
        required=True,
        hint="Followed: answers, and silence after risk, can raise alerts.",
    ),
    of(
        CHANGE,
        "until_on",
        "Last day of a pause",
        hint=f"At most {LONGEST_PAUSE.days} days away; it ends by itself.",
    ),
    of(CHANGE, "reason", "Reason", kind="area", hint="A pause needs one."),
)
SEEN_STATUS: Final = ("status", "paused_until_on", "status_reason")


def contact_form(patient_id: UUID, record: dict[str, Any]) -> EntryForm:
    """Contact data; what is clinical for those who see it."""
    fields = CONTACT_FIELDS + (CLINICAL_FIELDS if "indications" in record else ())
    return EntryForm(patient_id, "contact", "Contact data", fields, makes=False)


@shows(f"{ENTER}/contact", WRITES)
def show_contact_data(patient_id: UUID) -> Response:
    """Contact data as it stands."""
    record = get_patient(reader().actor, patient_id, now())
    return shown(filled_from(contact_form(patient_id, record), record))


@takes(f"{ENTER}/contact", WRITES)
def post_contact_data(patient_id: UUID) -> Response:
    """Correct contact data."""
    return compared(lambda: _correct_contact_data(patient_id))


def _correct_contact_data(patient_id: UUID) -> Response:
    record = get_patient(reader().actor, patient_id, now())
    form = contact_form(patient_id, record)
    seen = {name: record[name] for name in {one.name.partition(".")[0] for one in form.fields}}
    return corrected(
        form,
        CHANGE,
        record,
        lambda actor, body: change_patient(actor, patient_id, body, now(), seen),
    )


def team_form(patient_id: UUID) -> EntryForm:
    """The clinic's staff, of whom some look after the patient."""
    members = Field(
        "user_ids",
        "Who looks after the patient",
        "many",
        [(str(one["id"]), str(one["name"])) for one in everybody() if one["active"]],
        hint="A team needs a clinician. Nobody ticked: every clinician of the clinic sees them.",
        required=True,
    )
    return EntryForm(patient_id, "team", "Care team", [members], makes=False)


@shows(f"{ENTER}/team", WRITES)
def show_care_team(patient_id: UUID) -> Response:
    """The team as it stands."""
    team = get_patient(reader().actor, patient_id, now())["care_team"]
    return shown(filled_from(team_form(patient_id), {"user_ids": team}))


@takes(f"{ENTER}/team", WRITES)
def post_care_team(patient_id: UUID) -> Response:
    """The team is exactly those who are ticked."""
    return compared(lambda: _correct_care_team(patient_id))


def _correct_care_team(patient_id: UUID) -> Response:
    team = get_patient(reader().actor, patient_id, now())["care_team"]

    def save(actor: Any, body: dict[str, Any]) -> None:
        if "user_ids" in body:
            put_care_team(actor, patient_id, body["user_ids"], now(), team)

    return corrected(team_form(patient_id), TEAM, {"user_ids": team}, save)


@shows(f"{ENTER}/status", WRITES)
def show_patient_status(patient_id: UUID) -> Response:
    """Whether the patient is followed."""
    record = _status(get_patient(reader().actor, patient_id, now()))
    # A pause is entered anew: its end and its reason are not those of the one that is running.
    return shown(filled_from(status_form(patient_id, record), {"status": record["status"]}))


@takes(f"{ENTER}/status", WRITES)
def post_patient_status(patient_id: UUID) -> Response:
    """Pause, discharge, or follow again; refused while a safety alert is open."""
    return compared(lambda: _correct_status(patient_id))


def _correct_status(patient_id: UUID) -> Response:
    patient = get_patient(reader().actor, patient_id, now())
    record, seen = _status(patient), {name: patient.get(name) for name in SEEN_STATUS}
    return corrected(
        status_form(patient_id, record),
        CHANGE,
        record,
        lambda actor, body: change_patient(actor, patient_id, body, now(), seen),
        whole=True,
    )


def status_form(patient_id: UUID, record: dict[str, Any]) -> EntryForm:
    """Whether the patient is followed: one form for the status, its end and its reason."""
    return EntryForm(
        patient_id,
        "status",
        "Pause or discharge",
        STATUS_FIELDS,
        makes=False,
        version=name_of(record),
    )


def _status(patient: Mapping[str, Any]) -> dict[str, Any]:
    """As it stands; the reason is shown to whoever may see it."""
    known = {"until_on": patient["paused_until_on"], "reason": patient.get("status_reason")}
    return {"status": patient["status"], **known}
