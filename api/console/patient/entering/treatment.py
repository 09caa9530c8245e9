"""Forms of a treatment: courses, sessions, screenings, other treatment alongside."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from flask import Response

from api.browser.session import reader
from api.console.patient import words
from api.console.patient.entering.fields import Options, of
from api.console.patient.entering.form import (
    EntryForm,
    corrected,
    filled_from,
    sent,
    shown,
    zone_of,
)
from api.console.shell import shows, takes
from api.http.auth import now
from schemas.clinicians.treatment import (
    ConcomitantChangeIn,
    ConcomitantIn,
    CourseChangeIn,
    CourseIn,
    ScreeningIn,
)
from services.access import Action
from services.exceptions import NotFound
from services.rules.session_day.screening import SCREENING_LIST
from services.treatment.concomitant import add_treatment, list_treatments, stop_treatment
from services.treatment.courses import change_course, create_course, list_courses
from services.treatment.screenings import add_screening

WRITES: Final = Action.MANAGE_TREATMENT
ENTER: Final = "/patients/<uuid:patient_id>/enter"
CORRECT: Final = "/patients/<uuid:patient_id>/correct"
MOST: Final = 500
COURSE, COURSE_CHANGE = CourseIn(), CourseChangeIn()
COURSE_FIELDS: Final = (
    of(COURSE, "product", "Product", empty="Choose"),
    of(COURSE, "phase", "Phase", empty="Choose"),
    of(COURSE, "started_on", "Began on"),
    of(COURSE, "ended_on", "Ended on", hint="Empty while it goes on."),
    of(COURSE, "indication", "Indication"),
    of(COURSE, "protocol", "Protocol or consent"),
    of(COURSE, "maintenance_interval_days", "Maintenance every so many days"),
    of(COURSE, "new_baseline", "It has a baseline of its own"),
)
SCREENING: Final = ScreeningIn()
CONTRAINDICATIONS: Final[Options] = [
    (code, one.label) for code, one in SCREENING_LIST.contraindications.items()
]
SCREENING_FIELDS: Final = (
    of(SCREENING, "screened_on", "Screened on"),
    of(SCREENING, "expires_on", "Holds until", hint="Empty: as long as the house says."),
    of(
        SCREENING,
        "contraindications",
        "Contraindications found",
        kind="many",
        options=CONTRAINDICATIONS,
        hint="None ticked: none was found.",
    ),
    of(SCREENING, "note", "Note", kind="area"),
)
OTHER, STOP = ConcomitantIn(), ConcomitantChangeIn()
OTHER_FIELDS: Final = (
    of(OTHER, "name", "Name and dose"),
    of(OTHER, "kind", "Kind", empty="Choose"),
    of(OTHER, "started_on", "Since"),
    of(OTHER, "stopped_on", "Stopped on", hint="Empty while it goes on."),
)
STOP_FIELDS: Final = (
    of(STOP, "stopped_on", "Stopped on", required=False, hint="Empty: it goes on."),
)


def course_form(patient_id: UUID, **more: Any) -> EntryForm:
    """A course of treatment."""
    return EntryForm(patient_id, "course", "Course", COURSE_FIELDS, **more)


@shows(f"{ENTER}/course", WRITES)
def show_new_course(patient_id: UUID) -> Response:
    """The form of a new course."""
    return shown(course_form(patient_id))


@takes(f"{ENTER}/course", WRITES)
def post_new_course(patient_id: UUID) -> Response:
    """Begin a course."""
    return sent(
        course_form(patient_id),
        COURSE,
        lambda actor, body: create_course(actor, patient_id, body.pop("id"), body, now()),
    )


@shows(f"{CORRECT}/course/<uuid:course_id>", WRITES)
def show_course(patient_id: UUID, course_id: UUID) -> Response:
    """A course as it stands, to be corrected or ended."""
    record = _one(list_courses(reader().actor, patient_id, MOST, None, now()), course_id)
    return shown(filled_from(_kept_course(patient_id, record), record))


@takes(f"{CORRECT}/course/<uuid:course_id>", WRITES)
def post_course(patient_id: UUID, course_id: UUID) -> Response:
    """Correct or end a course."""
    record = _one(list_courses(reader().actor, patient_id, MOST, None, now()), course_id)
    return corrected(
        _kept_course(patient_id, record),
        COURSE_CHANGE,
        record,
        lambda actor, body: change_course(actor, patient_id, course_id, body, now()),
    )


def _kept_course(patient_id: UUID, record: dict[str, Any]) -> EntryForm:
    return course_form(patient_id, makes=False, version=record["version"])


@shows(f"{ENTER}/screening", WRITES)
def show_new_screening(patient_id: UUID) -> Response:
    """The form of a screening."""
    form = EntryForm(patient_id, "screening", "Screening", SCREENING_FIELDS)
    return shown(filled_from(form, {"screened_on": _today().isoformat()}))


@takes(f"{ENTER}/screening", WRITES)
def post_new_screening(patient_id: UUID) -> Response:
    """Record a screening."""
    return sent(
        EntryForm(patient_id, "screening", "Screening", SCREENING_FIELDS),
        SCREENING,
        lambda actor, body: add_screening(actor, patient_id, body.pop("id"), body, now()),
    )


@shows(f"{ENTER}/treatment", WRITES)
def show_new_treatment(patient_id: UUID) -> Response:
    """The form of another treatment."""
    return shown(EntryForm(patient_id, "treatment", "Other treatment", OTHER_FIELDS))


@takes(f"{ENTER}/treatment", WRITES)
def post_new_treatment(patient_id: UUID) -> Response:
    """Note another treatment."""
    return sent(
        EntryForm(patient_id, "treatment", "Other treatment", OTHER_FIELDS),
        OTHER,
        lambda actor, body: add_treatment(actor, patient_id, body.pop("id"), body, now()),
    )


@shows(f"{CORRECT}/treatment/<uuid:record_id>", WRITES)
def show_treatment(patient_id: UUID, record_id: UUID) -> Response:
    """Another treatment, to say when it stopped."""
    record = _one(list_treatments(reader().actor, patient_id, MOST, None, now()), record_id)
    return shown(filled_from(_stopping(patient_id, record), record))


@takes(f"{CORRECT}/treatment/<uuid:record_id>", WRITES)
def post_treatment(patient_id: UUID, record_id: UUID) -> Response:
    """Say when it stopped, or that it goes on."""
    record = _one(list_treatments(reader().actor, patient_id, MOST, None, now()), record_id)

    def save(actor: Any, body: dict[str, Any]) -> None:
        if "stopped_on" in body:
            stop_treatment(actor, patient_id, record_id, body["stopped_on"], now())

    return corrected(_stopping(patient_id, record), STOPS, record, save)


# What was not changed is not sent: nothing is required of what is left.
STOPS: Final = ConcomitantChangeIn(partial=True)


def _stopping(patient_id: UUID, record: dict[str, Any]) -> EntryForm:
    since = words.day(record["started_on"])
    intro = (f"{record['name']}, {words.product(record['kind'])}, since {since}.",)
    title = "When did it stop?"
    return EntryForm(patient_id, "treatment", title, STOP_FIELDS, makes=False, intro=intro)


def _one(page: dict[str, Any], record_id: UUID) -> dict[str, Any]:
    """The record of a patient's list; raises `NotFound`."""
    found = next((one for one in page["items"] if one["id"] == record_id), None)
    if found is None:
        raise NotFound
    return dict(found)


def _today() -> Any:
    """On the calendar of whoever writes."""
    return now().astimezone(zone_of(reader().timezone)).date()
