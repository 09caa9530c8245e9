"""The caseload of 500 patients in process: `python -m benchmarks.caseload [--patients N]`.

One call is the whole request: token, view, query, words, audit, JSON. The floor is one plain
statement over psycopg that fetches the same rows.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import psycopg
from sqlalchemy import insert
from sqlalchemy.orm import Session

from benchmarks.world import Figures, a_clinic, made_up, measure, own_database, settle
from migrations.roles import libpq_url
from models import (
    Alert,
    CareTeamMember,
    CourseVersion,
    Patient,
    PatientStatus,
    TreatmentCourse,
    TreatmentSession,
    TreatmentSessionVersion,
    User,
)
from models.clinic_door import enter_session
from models.sealing import sealed
from services.accounts.account import email_digest
from services.patients.record import pack_emergency_contact
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person

CALLS: Final = 200
SEED: Final = 20261122
ZONES: Final = ("Europe/Paris", "Europe/Berlin", "America/New_York", "Asia/Kolkata")
FAMILIES: Final = (("suicide_risk", "high"), ("m2", "medium"), ("silence", "high"), ("n2", "low"))
# trend status: the current score of somebody who began with 18
TRENDS: Final = {
    "worse": 24.0,
    "no_response": 17.0,
    "partial_response": 12.0,
    "response": 8.0,
    "remission": 4.0,
    None: None,
}
# The rows of the page, by hand: what any implementation has to fetch.
FLOOR: Final = """
SELECT p.id, p.name, p.mrn, p.timezone, p.status, p.paused_until, p.created_at, p.accepted_at,
  p.phone, p.emergency_contact, u.needs_invitation, a.open, a.rank, s.*
FROM patients p JOIN patient_status s ON s.clinic_id = p.clinic_id AND s.patient_id = p.id
LEFT JOIN users u ON u.clinic_id = p.clinic_id AND u.id = p.user_id
LEFT JOIN (SELECT patient_id, count(*) AS open,
    min(array_position(ARRAY['critical', 'high', 'medium', 'low'], severity)) AS rank
  FROM alerts WHERE clinic_id = %(clinic)s AND status <> 'resolved' GROUP BY patient_id) a
  ON a.patient_id = p.id
WHERE p.clinic_id = %(clinic)s ORDER BY a.rank, s.last_check_in_at, p.id LIMIT 501
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--calls", type=int, default=CALLS)
    given = parser.parse_args()
    with own_database() as app:
        clinic = a_clinic(app)
        staff = clinic.staff()
        fill(clinic, staff, given.patients)
        settle(app)
        url = app.config["SQLALCHEMY_DATABASE_URI"]
        floor = measure_floor(url, clinic, given.calls)
        print(f"{given.patients} patients, {given.calls} calls each; simulated")
        print(floor.line("floor: one plain statement over psycopg"))
        for sort in ("risk", "silence", "trend", "name"):
            report(measure_list(staff, f"sort={sort}&limit=500", given.calls), sort, floor)
        report(measure_list(staff, "limit=50", given.calls), "risk, first 50", floor)


def report(found: Figures, what: str, floor: Figures) -> None:
    """One line, with the ratio of the medians."""
    print(found.line(f"GET /v1/patients, {what}"), f"  {found.p50 / floor.p50:4.1f} x floor")


def measure_list(staff: Person, query: str, calls: int) -> Figures:
    """Requests through the whole application, without a network."""
    client, headers = staff.app.test_client(), staff.headers

    def call() -> None:
        answer = client.get(f"/v1/patients?{query}", headers=headers)
        assert answer.status_code == 200

    return measure(call, calls)


def measure_floor(url: str, clinic: ClinicWorld, calls: int) -> Figures:
    """The same rows by hand, under row-level security too."""
    with psycopg.connect(libpq_url(url)) as connection:
        enter_session(connection, clinic.id)
        return measure(
            lambda: connection.execute(FLOOR, {"clinic": clinic.id}, prepare=True).fetchall(), calls
        )


def fill(clinic: ClinicWorld, staff: Person, patients: int) -> None:
    """Patients in treatment: all with a figure each, some with open alerts, teams and contacts."""
    dice, now = random.Random(SEED), datetime.now(UTC)
    people = [Made(clinic, staff, number, dice, now) for number in range(patients)]
    with clinic.app.app_context(), transaction(clinic.id) as session:
        for model in (
            User,
            Patient,
            PatientStatus,
            TreatmentCourse,
            CourseVersion,
            TreatmentSession,
        ):
            put(session, model, [one.rows[model] for one in people])
        for model in (TreatmentSessionVersion, Alert, CareTeamMember):
            put(session, model, [one.rows[model] for one in people if model in one.rows])


def put(session: Session, model: Any, rows: Sequence[dict[str, Any]]) -> None:
    """One bulk insert."""
    if rows:
        session.execute(insert(model), [sealed(model, row) for row in rows])


class Made:
    """One simulated patient and their rows, by table."""

    def __init__(
        self, clinic: ClinicWorld, staff: Person, number: int, dice: random.Random, now: datetime
    ) -> None:
        self.clinic, self.staff, self.number, self.dice, self.now = clinic, staff, number, dice, now
        self.id = made_up(10 * number)
        self.begun = now - timedelta(days=dice.randint(10, 400))
        self.treated_at = now - timedelta(hours=dice.randint(5, 600))
        self.rows: dict[Any, dict[str, Any]] = {
            User: self._user(),
            Patient: self._patient(),
            PatientStatus: self._status(),
            **self._treatment(),
        }
        if number % 5 == 0:
            self.rows[Alert] = self._alert(*dice.choice(FAMILIES))
        if number % 3 == 0:
            self.rows[CareTeamMember] = {**self._hers(), "user_id": staff.user_id}

    def _owned(self, place: int) -> dict[str, Any]:
        return {"clinic_id": self.clinic.id, "id": made_up(10 * self.number + place)}

    def _hers(self) -> dict[str, Any]:
        return {"clinic_id": self.clinic.id, "patient_id": self.id}

    def _user(self) -> dict[str, Any]:
        email = f"simulated-{self.number}@clinic.example"
        return {
            **self._owned(1),
            "email": email,
            "email_digest": email_digest(email),
            "name": f"Simulated Patient {self.number}",
            "roles": ["patient"],
            "timezone": "Europe/Paris",
            "created_at": self.begun,
        }

    def _patient(self) -> dict[str, Any]:
        contact = {"name": "Simulated", "phone": "+33 1 00 00 00 00", "relation": "friend"}
        return {
            **self._owned(0),
            "user_id": made_up(10 * self.number + 1),
            "name": f"Simulated Patient {self.number}",
            "timezone": self.dice.choice(ZONES),
            "phone": f"+33 1 {self.number:08}" if self.number % 10 else None,
            "emergency_contact": pack_emergency_contact(contact),
            "mrn": f"SIM-{self.number:05}",
            "risk_at_intake": self.dice.random() < 0.2,
            "created_at": self.begun,
            "accepted_at": self.begun,
        }

    def _status(self) -> dict[str, Any]:
        last_check_in_at = self.now - timedelta(hours=self.dice.randint(1, 120))
        positive_at = last_check_in_at if self.dice.random() < 0.3 else None
        trend = self.dice.choice([*TRENDS])
        return {
            **self._hers(),
            "last_check_in_at": last_check_in_at,
            "last_item9_on": last_check_in_at.date(),
            "item9_positive_at": positive_at,
            "last_item9": 1 if positive_at else 0,
            "baseline": 18.0 if trend else None,
            "current": TRENDS[trend],
            "trend_status": trend,
            "daily_m7": 8.5,
            "daily_slope": self.dice.uniform(-3, 3),
            "two_week_figures_at": last_check_in_at,
            "daily_figures_at": last_check_in_at,
            "non_response": trend == "no_response",
            "last_session_id": made_up(10 * self.number + 3),
            "last_session_at": self.treated_at,
            "sessions_in_course": 1,
            "wearing_off_on": last_check_in_at.date() if self.dice.random() < 0.2 else None,
            "maintenance_due_on": (self.treated_at + timedelta(days=14)).date(),
        }

    def _treatment(self) -> dict[Any, dict[str, Any]]:
        course, session = made_up(10 * self.number + 2), made_up(10 * self.number + 3)
        entered = {"entered_by": self.staff.user_id, "entered_at": self.begun, "revision": 1}
        version = {**self._hers(), "version": 1, "course_id": course, **entered}
        product = {"product": "ketamine"}
        return {
            TreatmentCourse: {**self._owned(2), "patient_id": self.id, "created_at": self.begun},
            CourseVersion: version
            | product
            | {"phase": "maintenance", "started_on": self.begun.date()}
            | {"maintenance_interval_days": 14},
            TreatmentSession: {**self._owned(3), "patient_id": self.id, "created_at": self.begun},
            TreatmentSessionVersion: version
            | product
            | {"session_id": session, "started_at": self.treated_at, "route": "iv"}
            | {"supervision": "clinic"},
        }

    def _alert(self, family: str, severity: str) -> dict[str, Any]:
        return {
            **self._owned(4),
            "patient_id": self.id,
            "family": family,
            "rule": family.upper(),
            "rule_version": "simulated",
            "severity": severity,
            "triggered_at": self.now,
            "newest_occurrence_at": self.now,
            "ladder_severity": severity,
        }


if __name__ == "__main__":
    main()
