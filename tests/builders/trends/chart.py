"""One patient's record as people write it, over HTTP: the patient's phone, and a clinician.

chart = Chart(clinic, now=MONDAY)
session = chart.session(chart.course(), MONDAY)["id"]
chart.later(hours=3)
chart.answer("phq9", 12)
"""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock
from uuid import UUID, uuid4

from werkzeug.test import TestResponse

from services.clock import utcnow
from services.patients.status.row import differences
from services.unit_of_work import transaction
from tests.builders.calls import made
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person, log_in

QUIET = {"systolic": 120, "diastolic": 75}
# A staff log-in lasts 12 hours; after this long they log in anew.
STAFF_LOG_IN = timedelta(hours=11)
NEVER = datetime.min.replace(tzinfo=UTC)


class Chart:
    """`now` is the clock of every request that is sent through it: the real one until it is set."""

    def __init__(
        self,
        clinic: ClinicWorld,
        pat: Person | None = None,
        staff: Person | None = None,
        now: datetime | None = None,
        timezone: str = "Europe/Paris",
    ) -> None:
        self._now, self._clinic = now, clinic
        since = clinic.now or utcnow()
        self._logged_in = {clinic.admin.user_id: (since, clinic.admin)}
        self.client, self.timezone = clinic.app.test_client(), timezone
        self._staff = staff
        if staff:
            self._logged_in[staff.user_id] = (since, staff)
        self.pat = pat or self.clinic.patient()

    @property
    def now(self) -> datetime:
        """What the clock shows."""
        return self._now or utcnow()

    def at(self, instant: datetime) -> datetime:
        """Set the clock; returns what it shows."""
        self._now = instant
        return instant

    def later(self, **passed: float) -> datetime:
        """Move the clock; returns what it shows."""
        return self.at(self.now + timedelta(**passed))

    @property
    def clinic(self) -> ClinicWorld:
        """The clinic, with an administrator who is logged in."""
        return replace(self._clinic, admin=self._present(self._clinic.admin), now=self._now)

    @property
    def staff(self) -> Person:
        """The clinician, logged in; made when first needed."""
        if self._staff is None:
            self._staff = self.clinic.staff()
            self._logged_in[self._staff.user_id] = (self.now, self._staff)
        return self._present(self._staff)

    def _present(self, person: Person) -> Person:
        since, present = self._logged_in.get(person.user_id, (NEVER, person))
        if not since <= self.now < since + STAFF_LOG_IN:
            with person.app.app_context():
                present = log_in(person.app, self._clinic.id, person.user_id, self.now)
            self._logged_in[person.user_id] = (self.now, present)
        return present

    @property
    def path(self) -> str:
        """Of the patient."""
        return f"/v1/patients/{self.pat.patient_id}"

    def send(self, method: str, path: str, person: Person, body: Any = None) -> TestResponse:
        """One request at this instant."""
        with self._clock():
            return self.client.open(
                path,
                method=method,
                data=None if body is None else json.dumps(body),
                content_type=None if body is None else "application/json",
                headers=person.headers_at(self.now),
            )

    def _clock(self) -> AbstractContextManager[object]:
        return mock.patch("api.http.auth.utcnow", return_value=self.now)

    def post(self, path: str, body: dict[str, Any], person: Person | None = None) -> TestResponse:
        """As the clinician, or as somebody else."""
        return self.send("POST", path, person or self.staff, body)

    def patch(self, path: str, body: dict[str, Any], person: Person | None = None) -> TestResponse:
        """As the clinician, or as somebody else."""
        return self.send("PATCH", path, person or self.staff, body)

    def get(self, path: str, person: Person | None = None) -> dict[str, Any]:
        """A document that the clinician, or somebody else, may read."""
        return made(self.send("GET", path, person or self.staff), 200)

    def course(self, **changes: Any) -> str:
        """The id of a new course."""
        return str(made(self.post(f"{self.path}/courses", a_course(**changes)))["id"])

    def session(self, course: str, started_at: datetime, **changes: Any) -> dict[str, Any]:
        """A new session."""
        return made(self.post(f"{self.path}/sessions", a_session(course, started_at, **changes)))

    def infusion(self, course: str, started_at: datetime, **changes: Any) -> UUID:
        """The id of a session of 40 minutes that is entered when it ends; the clock moves there."""
        ended_at = self.at(started_at + timedelta(minutes=40)).isoformat()
        return UUID(self.session(course, started_at, ended_at=ended_at, **changes)["id"])

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
        with self.pat.app.app_context(), transaction(self._clinic.id) as session:
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
