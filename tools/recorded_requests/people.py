"""The people of the record, and what they do."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tools.own_service import PASSWORD, Person
from tools.recorded_requests import forms
from tools.recorded_requests.recorder import Caller, Recorder, iso

ZONE = "America/New_York"
C = TypeVar("C", bound=Caller)
Bodies = tuple[dict[str, Any], ...]


def document(answer: TestResponse) -> dict[str, Any]:
    """The JSON of an answer that the story goes on with; raises ``RuntimeError`` for a refusal."""
    if answer.status_code >= 400:
        words = answer.get_data(as_text=True)
        raise RuntimeError(f"{answer.request.method} {answer.request.path}: {words}")
    found: dict[str, Any] = answer.get_json()
    return found


class Patient(Caller):
    """Somebody who answers from a phone."""

    def form(self, instrument: str, answers: Any, **changes: Any) -> dict[str, Any]:
        """A check-in recorded now; ``answers`` may be a total."""
        return {
            "id": self.new_id(),
            "instrument": instrument,
            "answers": forms.spread(instrument, answers) if isinstance(answers, int) else answers,
            "recorded_at": iso(self.recorder.now),
            "timezone": ZONE,
            **changes,
        }

    def check_in(self, instrument: str, answers: Any, **changes: Any) -> dict[str, Any]:
        """Send one; the form that was sent."""
        form = self.form(instrument, answers, **changes)
        self.post("/v1/check-ins", form)
        return form

    def amend(self, form: dict[str, Any], answers: Any, reason: str = "a slip") -> dict[str, Any]:
        """A new version of a check-in."""
        body = {"id": self.new_id(), "answers": answers, "reason": reason}
        self.post(f"/v1/check-ins/{form['id']}/amend", body)
        return body

    def report(self, *effects: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Side effects, recorded now."""
        body = {
            "id": self.new_id(),
            "recorded_at": iso(self.recorder.now),
            "timezone": ZONE,
            "effects": list(effects),
            **changes,
        }
        self.post("/v1/side-effects", body)
        return body

    def ask_for_help(self, **changes: Any) -> dict[str, Any]:
        """A help request."""
        body = {"id": self.new_id(), "recorded_at": iso(self.recorder.now), **changes}
        self.post("/v1/help-requests", body)
        return body


class Staff(Caller):
    """Somebody who works in the clinic."""

    def start_course(self, patient: Caller, **changes: Any) -> str:
        """The id of a new course that starts today."""
        body = forms.course(f"{self.recorder.now:%Y-%m-%d}", **changes)
        return str(document(self.post(f"{patient.path}/courses", body))["id"])

    def add_session(
        self, patient: Caller, course: str, started_at: datetime, **changes: Any
    ) -> str:
        """The id of a new session."""
        body = forms.session(course, iso(started_at), **changes)
        return str(document(self.post(f"{patient.path}/sessions", body))["id"])

    def measure(
        self, patient: Caller, session: str, phase: str, pressure: tuple[int, int], **more: Any
    ) -> TestResponse:
        """Vital signs taken now."""
        systolic, diastolic = pressure
        body = {"phase": phase, "taken_at": iso(self.recorder.now), "systolic": systolic}
        path = f"{patient.path}/sessions/{session}/vitals"
        return self.post(path, {**body, "diastolic": diastolic, **more})

    def decide(
        self, patient: Caller, session: str, kind: str, outcome: str, **more: Any
    ) -> TestResponse:
        """Clearance, discharge or driving restriction."""
        body = {"kind": kind, "outcome": outcome, **more}
        return self.post(f"{patient.path}/sessions/{session}/decisions", body)

    def screen(self, patient: Caller, *contraindications: str, **changes: Any) -> TestResponse:
        """A screening of today."""
        day = f"{self.recorder.now:%Y-%m-%d}"
        body = {"screened_on": day, "contraindications": list(contraindications), **changes}
        return self.post(f"{patient.path}/screenings", body)

    def alerts_of(self, patient: Caller) -> list[dict[str, Any]]:
        """What is not resolved about a patient, as a list shows it."""
        listed = document(self.get(f"/v1/alerts?patient_id={patient.id}"))
        return [one for one in listed["items"] if one["status"] != "resolved"]

    def risk_of(self, patient: Caller) -> dict[str, Any]:
        """The alert about suicide of a patient, of whom there is one."""
        return next(one for one in self.alerts_of(patient) if one["family"] == "suicide_risk")

    def act(self, alert: str, what: str, body: Any = None) -> TestResponse:
        """Acknowledge, write a note, resolve …"""
        return self.post(f"/v1/alerts/{alert}/{what}", body)

    def invite(self, name: str, *roles: str, **fields: Any) -> dict[str, Any]:
        """A code for somebody new."""
        kind = "patient" if "patient" in roles else "staff"
        address = fields.pop("email", f"{name.lower()}@{kind}.test")
        body = {"email": address, "name": name, "roles": list(roles), **fields}
        return document(self.post("/v1/invitations", body))

    def patient(self, name: str, **fields: Any) -> Patient:
        """A patient who accepts at once."""
        invited = self.invite(name, "patient", timezone=ZONE, patient=fields)
        return accept(Patient(self.recorder, name), invited["code"], invited["patient_id"])

    def colleague(self, name: str, *roles: str) -> Staff:
        """A member of staff who accepts at once."""
        code = self.invite(name, *roles)["code"]
        return accept(Staff(self.recorder, name), code, password=PASSWORD)


def accept(who: C, code: str, patient_id: str = "", **more: str) -> C:
    """Take an account over; from then on the caller is somebody."""
    made = document(who.post("/v1/invitations/accept", {"code": code, **more}))
    who.account = Person(who.recorder.app, made["user"]["email"], made, patient_id)
    return who


@dataclass
class World:
    """Two clinics; what the second one is for is not to see the first. ``kept``: the patients whose
    alerts a story of their own handles.
    """

    recorder: Recorder
    clinic: str
    admin: Staff
    sam: Staff
    tia: Staff
    olly: Staff
    southern_admin: Staff
    stranger: Staff
    nobody: Caller
    browser: Caller
    page_client: FlaskClient
    kept: set[str] = field(default_factory=set)


def open_clinics(recorder: Recorder) -> World:
    """Clinics, their alert chains and their staff."""
    north = _open(recorder, "North Clinic", "US", ZONE, "admin@north.test")
    for address in ("mailto:night@north.test", recorder.webhook.url, "mailto:nobody@north.test"):
        recorder.run("clinic", "contact", north["clinic_id"], address)
    south = _open(recorder, "South Clinic", "FR", "Europe/Paris", "admin@south.test")
    admin = accept(Staff(recorder, "Admin"), north["invitation_code"], password=PASSWORD)
    southern = accept(Staff(recorder, "Southerner"), south["invitation_code"], password=PASSWORD)
    olly = admin.colleague("Olly", "on_call")
    stranger = southern.colleague("Stranger", "clinician", "on_call")
    recorder.on_call = [who.account for who in (olly, stranger) if who.account]
    return World(
        recorder,
        north["clinic_id"],
        admin,
        admin.colleague("Sam", "clinician"),
        admin.colleague("Tia", "clinician"),
        olly,
        southern,
        stranger,
        Caller(recorder, "Nobody"),
        Caller(recorder, "Sam's browser"),
        recorder.app.test_client(),
    )


def _open(recorder: Recorder, name: str, country: str, zone: str, admin: str) -> dict[str, str]:
    words = (name, "--timezone", zone, "--country", country, "--admin", admin)
    made: dict[str, str] = json.loads(recorder.run("clinic", "create", *words))
    return made
