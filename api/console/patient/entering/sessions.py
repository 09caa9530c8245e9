"""Forms of a session: what was given, vital signs around it, clearance and going home."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from flask import Response, request

from api.browser.session import reader
from api.console.clinic.staff import everybody
from api.console.patient import words
from api.console.patient.chart_rows import PHASE
from api.console.patient.entering.fields import Field, Options, of
from api.console.patient.entering.form import (
    EntryForm,
    corrected,
    filled_from,
    sent,
    shown,
    zone_of,
)
from api.console.shell import at, clock, page, shows, takes
from api.http.auth import now
from schemas.clinicians.treatment import (
    DecisionIn,
    SessionChangeIn,
    SessionIn,
    VitalsChangeIn,
    VitalsIn,
)
from services.access import Action, reaches
from services.accounts.reader import get_reader
from services.caseload.patient.profile import get_patient
from services.exceptions import NotFound
from services.treatment.courses import list_courses
from services.treatment.decisions import (
    OUTCOMES,
    decide_about_session,
    list_decisions,
    what_stands_against,
)
from services.treatment.session_record import get_session, list_sessions
from services.treatment.sessions import change_session, create_session
from services.treatment.vitals import change_vitals, list_vitals, record_vitals

WRITES: Final = Action.MANAGE_TREATMENT
PATIENT: Final = "/patients/<uuid:patient_id>"
ONE: Final = f"{PATIENT}/sessions/<uuid:session_id>"
MOST: Final = 500
AROUND: Final = timedelta(hours=24)  # a session of which something is still to be decided
SESSION, SESSION_CHANGE = SessionIn(), SessionChangeIn()
VITALS, VITALS_CHANGE = VitalsIn(), VitalsChangeIn()
DECISION: Final = DecisionIn()
VITALS_FIELDS: Final = (
    of(
        VITALS, "phase", "When", options=[(code, text.capitalize()) for code, text in PHASE.items()]
    ),
    of(VITALS, "taken_at", "Measured at"),
    of(VITALS, "systolic", "Systolic, mmHg"),
    of(VITALS, "diastolic", "Diastolic, mmHg"),
    of(VITALS, "heart_rate", "Heart rate, a minute"),
    of(VITALS, "spo2", "Oxygen saturation, %"),
    of(VITALS, "sedation", "Sedation, MOAA/S", hint="5 responds readily, 0 not at all."),
    of(VITALS, "dissociation", "Dissociation, CADSS total"),
)
# kind: (title, words of its outcomes, what the form says first)
DECISIONS: Final[dict[str, tuple[str, dict[str, str], str]]] = {
    "clearance": (
        "Clearance for dosing",
        {"cleared": "Cleared: the session may begin", "not_cleared": "Not cleared"},
        "Refused while something stands against it; what may be weighed needs a reason.",
    ),
    "discharge": (
        "Going home",
        {"discharged": "May go home", "kept": "Is kept"},
        "Refused while something stands against it; what may be weighed needs a reason.",
    ),
    "driving_restriction": (
        "Driving restriction",
        {"acknowledged": "The patient understood until when they must not drive"},
        "",
    ),
}
FOUND: Final = {
    "heart_rate_low": "slow heart",
    "heart_rate_high": "fast heart",
    "crisis_pressure": "crisis pressure: measure again",
}
DONE: Final = {
    "session": "The session is saved.",
    "vitals": "The vital signs are saved.",
    "decision": "The decision is saved.",
}


def session_fields(courses: Options, staff: Options, *, is_new: bool) -> tuple[Field, ...]:
    """The fields of a session; one that is there can be cancelled."""
    found = (
        of(SESSION, "course_id", "Course", kind="choice", options=courses, empty="Choose"),
        of(SESSION, "started_at", "Began, or is planned, at"),
        of(SESSION, "ended_at", "Ended at"),
        of(SESSION, "product", "Product", empty="Choose"),
        of(SESSION, "route", "Route"),
        of(SESSION, "dose.value", "Dose", required=False),
        of(SESSION, "dose.unit", "Unit of the dose", required=False, hint="mg, mg/kg, pulses"),
        of(SESSION, "weight_kg", "Weight, kg"),
        of(SESSION, "supervision", "Supervision", empty="Choose"),
        of(
            SESSION,
            "staff_ids",
            "Who is with the patient",
            kind="many",
            options=staff,
            hint="Paged before the clinic's chain. Nobody ticked: whoever enters it.",
        ),
    )
    return found if is_new else (*found, of(SESSION, "cancelled", "It is cancelled"))


def session_form(patient_id: UUID, record: dict[str, Any] | None = None) -> EntryForm:
    """The form of a session, with the patient's courses and the clinic's staff."""
    actor = reader().actor
    zone = record["timezone"] if record else get_reader(actor, now()).clinic_timezone
    courses = list_courses(actor, patient_id, MOST, None, now())["items"]
    there = set(record["staff_ids"]) if record else set()
    return EntryForm(
        patient_id,
        "session",
        "Session" if record is None else "Correct the session",
        session_fields(
            [(str(one["id"]), _course(one)) for one in courses],
            [
                (str(one["id"]), str(one["name"]))
                for one in everybody()
                if _treats(one) or one["id"] in there
            ],
            is_new=record is None,
        ),
        back="" if record is None else f"/patients/{patient_id}/sessions/{record['id']}",
        zone=zone_of(zone),
        makes=record is None,
        version=None if record is None else record["version"],
        intro=(f"Times are on the clock of {zone}.",),
    )


def _course(one: dict[str, Any]) -> str:
    ended = f" – {words.day(one['ended_on'])}" if one["ended_on"] else ""
    return f"{words.product(one['product'])}, {one['phase']}, {words.day(one['started_on'])}{ended}"


def _treats(user: dict[str, Any]) -> bool:
    return bool(user["active"] and {"clinician", "on_call"} & set(user["roles"]))


@shows(f"{PATIENT}/enter/session", WRITES)
def show_new_session(patient_id: UUID) -> Response:
    """The form of a new session: course, product, route and supervision as the last time."""
    form = session_form(patient_id)
    past = list_sessions(reader().actor, patient_id, 1, None, now())["items"]
    usual: dict[str, Any] = {"started_at": now()}
    if past:
        last = past[0]
        usual |= {
            name: str(last[name] or "") for name in ("course_id", "product", "route", "supervision")
        }
        usual["dose"] = {"unit": (last["dose"] or {}).get("unit")}
    return shown(filled_from(form, usual))


@takes(f"{PATIENT}/enter/session", WRITES)
def post_new_session(patient_id: UUID) -> Response:
    """Enter a session, a planned or a past one."""
    return sent(
        session_form(patient_id),
        SESSION,
        lambda actor, body: create_session(actor, patient_id, body.pop("id"), body, now()),
    )


@shows(f"{ONE}/correct", WRITES)
def show_session_form(patient_id: UUID, session_id: UUID) -> Response:
    """A session as it stands, to be corrected or cancelled."""
    record = get_session(reader().actor, patient_id, session_id, now())
    return shown(filled_from(session_form(patient_id, record), record))


@takes(f"{ONE}/correct", WRITES)
def post_session(patient_id: UUID, session_id: UUID) -> Response:
    """Correct or cancel a session."""
    record = get_session(reader().actor, patient_id, session_id, now())
    return corrected(
        session_form(patient_id, record),
        SESSION_CHANGE,
        record,
        lambda actor, body: change_session(actor, patient_id, session_id, body, now()),
    )


@shows(ONE, Action.READ_TREATMENT)
def show_session(patient_id: UUID, session_id: UUID) -> Response:
    """One session with its vital signs, and what was decided about it."""
    actor, at_now = reader().actor, now()
    record = get_session(actor, patient_id, session_id, at_now)
    vitals = list_vitals(actor, patient_id, session_id, MOST, None, at_now)["items"]
    decided = list_decisions(actor, patient_id, session_id, MOST, None, at_now)["items"]
    return page(
        "patient/session.html",
        patient=get_patient(actor, patient_id, at_now),
        patient_path=at(f"/patients/{patient_id}"),
        base=at(f"/patients/{patient_id}/sessions/{session_id}"),
        done=DONE.get(request.args.get("done", "")),
        record=record,
        given=words.given(record),
        began=clock().at(record["started_at"]),
        ended=record["ended_at"] and clock().at(record["ended_at"]),
        driving=record["driving_restriction_until"]
        and clock().at(record["driving_restriction_until"]),
        flags=[words.FLAG.get(flag, flag) for flag in record["flags"]],
        vitals=[_vitals(one) for one in vitals],
        decisions=[_decision(one) for one in decided],
        against=_against(patient_id, record),
        kinds=[(kind, title) for kind, (title, _, _) in DECISIONS.items()],
        may_write=reaches(actor, WRITES),
    )


def _against(patient_id: UUID, record: dict[str, Any]) -> list[tuple[str, list[str]]]:
    """What is still to be done around a session of today: (for what, what stands against it)."""
    if record["cancelled"] or abs(now() - record["started_at"]) > AROUND:
        return []
    found = what_stands_against(reader().actor, patient_id, record["id"], now())
    asked = {"clearance": "cleared", "discharge": "discharged"}
    return [
        (DECISIONS[kind][0], found[outcome])
        for kind, outcome in asked.items()
        if record[kind] != outcome
    ]


def _vitals(one: dict[str, Any]) -> dict[str, Any]:
    return {
        **one,
        "at": clock().at(one["taken_at"]),
        "when": PHASE[one["phase"]],
        "flags": [FOUND.get(flag, flag) for flag in one["flags"]],
    }


def _decision(one: dict[str, Any]) -> dict[str, Any]:
    title, outcomes, _ = DECISIONS[one["kind"]]
    return {
        **one,
        "at": clock().at(one["decided_at"]),
        "what": f"{title}: {outcomes[one['outcome']]}",
    }


def vitals_form(
    patient_id: UUID, session_id: UUID, record: dict[str, Any] | None = None
) -> EntryForm:
    """The form of one set of vital signs, on the session's clock."""
    session = get_session(reader().actor, patient_id, session_id, now())
    zone = session["timezone"]
    return EntryForm(
        patient_id,
        "vitals",
        "Vital signs" if record is None else "Correct the vital signs",
        VITALS_FIELDS,
        aligned=True,
        back=f"/patients/{patient_id}/sessions/{session_id}",
        zone=zone_of(zone),
        makes=record is None,
        intro=(
            f"{words.given(session)}, {clock().at(session['started_at'])}.",
            f"Times are on the clock of {zone}.",
        ),
    )


@shows(f"{ONE}/vitals", WRITES)
def show_new_vitals(patient_id: UUID, session_id: UUID) -> Response:
    """The form of vital signs."""
    return shown(filled_from(vitals_form(patient_id, session_id), {"taken_at": now()}))


@takes(f"{ONE}/vitals", WRITES)
def post_new_vitals(patient_id: UUID, session_id: UUID) -> Response:
    """Record vital signs; what they mean is decided and paged at once."""
    return sent(
        vitals_form(patient_id, session_id),
        VITALS,
        lambda actor, body: record_vitals(
            actor, patient_id, session_id, body.pop("id"), body, now()
        ),
    )


@shows(f"{ONE}/vitals/<uuid:vitals_id>", WRITES)
def show_vitals_form(patient_id: UUID, session_id: UUID, vitals_id: UUID) -> Response:
    """One set of vital signs as it stands, to be corrected."""
    record = _one_set(patient_id, session_id, vitals_id)
    return shown(filled_from(vitals_form(patient_id, session_id, record), record))


@takes(f"{ONE}/vitals/<uuid:vitals_id>", WRITES)
def post_vitals(patient_id: UUID, session_id: UUID, vitals_id: UUID) -> Response:
    """Correct vital signs; what is new in them pages."""
    record = _one_set(patient_id, session_id, vitals_id)
    return corrected(
        vitals_form(patient_id, session_id, record),
        VITALS_CHANGE,
        record,
        lambda actor, body: change_vitals(actor, patient_id, session_id, vitals_id, body, now()),
    )


def _one_set(patient_id: UUID, session_id: UUID, vitals_id: UUID) -> dict[str, Any]:
    page_of_all = list_vitals(reader().actor, patient_id, session_id, MOST, None, now())
    found = next((one for one in page_of_all["items"] if one["id"] == vitals_id), None)
    if found is None:
        raise NotFound
    return dict(found)


def decision_form(patient_id: UUID, session_id: UUID, kind: str) -> EntryForm:
    """Clearance, going home, or the driving restriction; raises `NotFound` for another kind."""
    if kind not in DECISIONS:
        raise NotFound
    title, outcomes, intro = DECISIONS[kind]
    session = get_session(reader().actor, patient_id, session_id, now())
    about = f"{words.given(session)}, {clock().at(session['started_at'])}."
    fields = [
        of(
            DECISION,
            "outcome",
            "Decision",
            options=[(code, outcomes[code]) for code in OUTCOMES[kind]],
            empty="Choose",
        ),
        of(DECISION, "reason", "Reason", kind="area"),
    ]
    return EntryForm(
        patient_id,
        "decision",
        title,
        fields,
        submit="Decide",
        back=f"/patients/{patient_id}/sessions/{session_id}",
        intro=[about, *filter(None, [intro])],
    )


@shows(f"{ONE}/decide/<kind>", WRITES)
def show_decision_form(patient_id: UUID, session_id: UUID, kind: str) -> Response:
    """The form of a decision."""
    return shown(decision_form(patient_id, session_id, kind))


@takes(f"{ONE}/decide/<kind>", WRITES)
def post_decision(patient_id: UUID, session_id: UUID, kind: str) -> Response:
    """Decide, or be refused with the reasons."""
    return sent(
        decision_form(patient_id, session_id, kind),
        DECISION,
        lambda actor, body: decide_about_session(
            actor, patient_id, session_id, body.pop("id"), body, now()
        ),
        kind=kind,
    )
