"""A clinic with something of everything that the console has a form for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.builders.alerts import open_alert
from tests.builders.calls import made
from tests.builders.pages.clerk import Clerk
from tests.builders.reach.methods import add_method
from tests.builders.stored import rows
from tests.builders.ward import Ward
from tests.builders.world import Person

PATIENT: Final = "/console/patients/<uuid:patient_id>"
ALERT: Final = "/console/alerts/<uuid:alert_id>"
METHOD: Final = "/console/on-call/contact/<uuid:method_id>"
# What forms make or change; not what is written about that, nor messages.
TABLES: Final = (
    *("users", "patients", "care_team_members", "invitations", "contacts", "contact_methods"),
    *("courses", "treatment_sessions", "session_vitals", "screenings", "session_decisions"),
    *(
        "concomitant_treatments",
        "check_ins",
        "side_effect_reports",
        "alerts",
        "alert_notes",
        "alert_feedback",
        "patient_pauses",
        "consents",
        "exports",
        "erasures",
    ),
    *("on_call_overrides", "calendar_links", "on_call_policies", "drills", "on_call_schedules"),
)
# What forms correct.
CORRECTED: Final = (
    *("clinics", "contacts", "on_call_policies", "patients", "care_team_members"),
    *("course_versions", "treatment_session_versions", "session_vitals"),
    *("concomitant_treatments", "on_call_overrides", "on_call_schedules", "on_call_rotations"),
    "check_ins",
)


class FormScene:
    """A clinic with something of everything, and who works there."""

    def __init__(self, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ward = Ward(app, monkeypatch, name="Ada Quagga")
        self.app, clinic = app, self.ward.clinic
        self.staff, self.admin = self.ward.staff, clinic.admin
        self.colleague = clinic.staff("on_call", name="Ben Quagga")
        self.second_admin = clinic.staff("admin", name="Cy Quagga")
        self.base = f"/patients/{self.ward.pat.patient_id}"
        self.patient = f"/console{self.base}"
        clinic.contact("mailto:night@clinic.example")

    def call(self, method: str, path: str, person: Person, **body: Any) -> Any:
        """A call of a colleague's."""
        return self.answer(method, path, person, **body).json

    def answer(self, method: str, path: str, person: Person, **body: Any) -> TestResponse:
        headers = person.headers_at(self.ward.now)
        return self.ward.client.open(path, method=method, json=body, headers=headers)

    def schedule(self) -> str:
        members = [str(each.user_id) for each in (self.staff, self.colleague)]
        turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": members}
        sent = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
        return str(self.call("POST", "/v1/on-call/schedules", self.admin, **sent)["id"])

    def session(self) -> str:
        return str(self.ward.session(self.ward.course(), self.ward.now)["id"])

    def vitals(self, session: str) -> str:
        clerk = Clerk(self.ward)
        clerk.send(f"/sessions/{session}/vitals", phase="pre", systolic="120", diastolic="80")
        path = f"{self.ward.path}/sessions/{session}/vitals"
        return str(self.ward.get(path)["items"][0]["id"])

    def covered_by_colleague(self) -> None:
        """All of the coming days."""
        (schedule,) = rows(self.admin, "SELECT id FROM on_call_schedules")
        ends = {"from_at": self.ward.now, "to_at": self.ward.now + timedelta(days=9)}
        span = {name: f"{at:%Y-%m-%dT%H:%M}:00Z" for name, at in ends.items()}
        sent = {"user_id": str(self.colleague.user_id), **span}
        path = f"/v1/on-call/schedules/{schedule['id']}/overrides"
        made(self.answer("POST", path, self.colleague, **sent))

    def override(self) -> tuple[str, str]:
        schedule = self.schedule()
        sent = {"user_id": str(self.staff.user_id), **self.span(":00Z")}
        path = f"/v1/on-call/schedules/{schedule}/overrides"
        return schedule, str(made(self.answer("POST", path, self.staff, **sent))["id"])

    def span(self, zone: str = "") -> dict[str, str]:
        start = self.ward.now + timedelta(days=1)
        ends = {"from_at": start, "to_at": start + timedelta(hours=8)}
        return {name: f"{at:%Y-%m-%dT%H:%M}{zone}" for name, at in ends.items()}

    def link(self) -> str:
        path = f"/v1/on-call/schedules/{self.schedule()}/calendar-links"
        return str(self.call("POST", path, self.staff)["id"])

    def method(self, **more: Any) -> str:
        return str(add_method(self.staff, "email", "a@home.example", shown="a", **more))

    def alert(self) -> str:
        return open_alert(self.ward.client, self.ward.pat)

    def everything(self) -> dict[str, Any]:
        """What stands in the records that forms correct."""
        found = {
            table: [dict(each) for each in rows(self.admin, f"SELECT * FROM {table}")]  # noqa: S608 - names of ours
            for table in CORRECTED
        }
        found["users"] = [dict(each) for each in rows(self.admin, "SELECT id, roles FROM users")]
        return {name: sorted(map(str, each)) for name, each in found.items()}

    def stored(self) -> dict[str, Any]:
        """How much there is of everything, and what the clinic is set to."""
        counts = {
            table: rows(self.admin, f"SELECT count(*) AS n FROM {table}")[0]["n"]  # noqa: S608 - names of ours
            for table in TABLES
        }
        settings = dict(rows(self.admin, "SELECT * FROM clinics")[0])
        roles = rows(self.admin, "SELECT id, roles, active FROM users ORDER BY id")
        return counts | {"clinic": settings, "roles": [dict(each) for each in roles]}
