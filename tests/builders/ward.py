"""A treated patient through the public doors, at a clock that the test moves."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from services.patients.status.row import differences
from services.unit_of_work import transaction
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, World, log_in

# A Monday; far enough back that tokens written today hold all the way.
MORNING = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)
QUIET = {"systolic": 120, "diastolic": 75}


class Ward:
    """One clinic with a clinician and a patient; `now` is the clock of every request."""

    def __init__(
        self,
        app: Flask,
        monkeypatch: pytest.MonkeyPatch,
        now: datetime = MORNING,
        timezone: str = "Europe/Paris",
        country: str = "FR",
        **patient: Any,
    ) -> None:
        self.now = now
        monkeypatch.setattr("api.http.auth.utcnow", lambda: self.now)
        self.client = app.test_client()
        self.world = World(app, now)
        self.clinic: ClinicWorld = self.world.clinic(timezone=timezone, country=country)
        self.timezone = timezone
        self.staff = self.clinic.staff()
        self.pat = self.clinic.patient(**patient)

    @property
    def path(self) -> str:
        """Of the patient."""
        return f"/v1/patients/{self.pat.patient_id}"

    def later(self, **passed: float) -> datetime:
        """Move the clock and say what it shows."""
        return self.at(self.now + timedelta(**passed))

    def at(self, instant: datetime) -> datetime:
        """Set the clock; staff, whose log-in lasts 12 hours, log in anew."""
        self.now, app = instant, self.pat.app
        with app.app_context():
            admin = log_in(app, self.clinic.id, self.clinic.admin.user_id, instant)
            self.staff = log_in(app, self.clinic.id, self.staff.user_id, instant)
        self.clinic = replace(self.clinic, admin=admin, now=instant)
        return instant

    def post(self, path: str, body: dict[str, Any], person: Person | None = None) -> TestResponse:
        """As the clinician, or as somebody else."""
        return post(self.client, person or self.staff, body, path)

    def patch(self, path: str, body: dict[str, Any], person: Person | None = None) -> TestResponse:
        """As the clinician, or as somebody else."""
        who = person or self.staff
        return self.client.patch(
            path, data=json.dumps(body), content_type="application/json", headers=who.headers
        )

    def get(self, path: str, person: Person | None = None) -> dict[str, Any]:
        """A document that the clinician, or somebody else, may read."""
        return made(self.client.get(path, headers=(person or self.staff).headers), 200)

    def course(self, **changes: Any) -> str:
        """The id of a new course."""
        return str(made(self.post(f"{self.path}/courses", a_course(**changes)))["id"])

    def session(self, course: str, started_at: datetime, **changes: Any) -> dict[str, Any]:
        """A new session."""
        return made(self.post(f"{self.path}/sessions", a_session(course, started_at, **changes)))

    def change(self, session_id: str, **fields: Any) -> dict[str, Any]:
        """A session, corrected."""
        return made(self.patch(f"{self.path}/sessions/{session_id}", fields), 200)

    def vitals(self, session_id: str, phase: str, **measured: Any) -> dict[str, Any]:
        """Vital signs taken now."""
        return made(
            self.post(f"{self.path}/sessions/{session_id}/vitals", self.set_of(phase, **measured))
        )

    def set_of(self, phase: str, **measured: Any) -> dict[str, Any]:
        """A set of vital signs taken now, normal unless `measured`."""
        return QUIET | {"phase": phase, "taken_at": self.now.isoformat()} | measured

    def decide(self, session_id: str, kind: str, outcome: str, **more: Any) -> TestResponse:
        """Clearance, discharge or driving restriction."""
        body = {"kind": kind, "outcome": outcome, **more}
        return self.post(f"{self.path}/sessions/{session_id}/decisions", body)

    def screen(self, *contraindications: str, **changes: Any) -> dict[str, Any]:
        """A screening of today."""
        day = {"screened_on": self.now.date().isoformat()}
        body = day | {"contraindications": list(contraindications)} | changes
        return made(self.post(f"{self.path}/screenings", body))

    def answer(self, instrument: str = "phq9", total: int = 9, **changes: Any) -> dict[str, Any]:
        """A check-in of the patient, recorded now, with this total."""
        return made(self.post("/v1/check-ins", self.form(instrument, total, **changes), self.pat))

    def amend(self, form_id: str, answers: dict[str, Any]) -> dict[str, Any]:
        """A new version of a check-in."""
        body = {"id": str(uuid4()), "answers": answers, "reason": "wrong"}
        return made(self.post(f"/v1/check-ins/{form_id}/amend", body, self.pat))

    def form(self, instrument: str = "phq9", total: int = 9, **changes: Any) -> dict[str, Any]:
        """A complete form with this total; item 9 stays 0 while the others can carry it."""
        now, zone = self.now.isoformat(), self.timezone
        answers = spread(instrument, total)
        sent = phq9(instrument=instrument, answers=answers, recorded_at=now, timezone=zone)
        return sent | changes

    def report(self, *effects: Any, person: Person | None = None, **changes: Any) -> TestResponse:
        """The patient (or somebody else) reports side effects now."""
        return self.post("/v1/side-effects", self.effects(*effects, **changes), person or self.pat)

    def effects(self, *effects: Any, **changes: Any) -> dict[str, Any]:
        """A report: codes, `(code, grade)` or whole effects."""
        whole = [one if isinstance(one, dict) else _effect(one) for one in effects]
        body = {"id": str(uuid4()), "recorded_at": self.now.isoformat(), "effects": whole}
        return body | {"timezone": self.timezone} | changes

    def trend(self, query: str = "") -> dict[str, Any]:
        """The report as the clinician reads it."""
        return self.get(f"{self.path}/trend?{query}")

    def alerts(self, person: Person | None = None) -> list[tuple[str, str]]:
        """Family and severity of each alert of the patient, oldest first."""
        return [(row["family"], row["severity"]) for row in alerts(person or self.pat)]

    def occurrences(self, rule: str) -> list[Any]:
        """The occurrences of one rule, oldest first."""
        query = (
            "SELECT rule, first_tier, at, about_id FROM alert_occurrences"
            " WHERE patient_id = :patient AND rule = :rule ORDER BY at, id"
        )
        return rows(self.pat, query, patient=self.pat.patient_id, rule=rule)

    def decided(self, entry_id: str, rule: str) -> list[dict[str, Any]]:
        """What was decided by this rule about an entry, first decided first."""
        query = (
            "SELECT decided FROM decisions WHERE patient_id = :patient AND entry_id = :entry"
            " ORDER BY decided_at, id"
        )
        found = rows(self.pat, query, patient=self.pat.patient_id, entry=UUID(entry_id))
        return [one for row in found for one in row["decided"] if one["rule"] == rule]

    def check_cache(self) -> None:
        """What the caseload caches is what a recompute gives."""
        with self.pat.app.app_context(), transaction(self.clinic.id) as session:
            assert differences(session, self.pat.patient_id) == []


def a_course(**changes: Any) -> dict[str, Any]:
    """An induction with ketamine."""
    body = {"product": "ketamine", "phase": "induction", "started_on": "2025-06-02"}
    return body | changes


def a_session(course: str, started_at: datetime, **changes: Any) -> dict[str, Any]:
    """An infusion in the clinic."""
    body = {
        "course_id": course,
        "started_at": started_at.isoformat(),
        "product": "ketamine",
        "route": "iv",
        "supervision": "clinic",
    }
    return body | changes


def spread(instrument: str, total: int) -> dict[str, int]:
    """Answers of this total, from the first question on."""
    items, most = {
        "phq9": (9, 3),
        "phq9-daily": (9, 3),
        "gad7": (7, 3),
        "pcl5": (20, 4),
        "asrm": (5, 4),
        "urinary": (5, 3),
    }[instrument]
    answers = {}
    for item in range(1, items + 1):
        answers[f"q{item}"] = min(most, total)
        total -= answers[f"q{item}"]
    assert total == 0, "more than the form can hold"
    return answers


def _effect(one: Any) -> dict[str, Any]:
    code, grade = one if isinstance(one, tuple) else (one, 1)
    return {"code": code, "grade": grade}
