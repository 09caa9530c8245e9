"""The demo clinic with something of everything that the console has a page for."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from flask import Flask

from services.demo.clinic import make_demo
from services.demo.staff import ADMIN, STAFF_OF
from tools.own_service import PASSWORD, Person, body_of

SHOWN: Final = "Dana Deteriorating"
NOBODY: Final = UUID(int=17)


def make_scene(app: Flask, now: datetime, name: str = SHOWN) -> dict[str, str]:
    """Make it, and name what is in it: one object for each part of an address. `name`: of the
    patient whose pages are shown.

    The demo's last check-ins came in 12 minutes before. Requests are answered at `now`: the clock
    of `api.http.auth` stands there already.
    """
    with app.app_context():
        make_demo(PASSWORD, now - timedelta(minutes=12))
    clinician, on_call, admin = (
        _log_in(app, email) for email in (STAFF_OF["clinician"], STAFF_OF["on_call"], ADMIN)
    )
    patients = _all(clinician, "/v1/patients")
    patient_id = next(each["id"] for each in patients if each["name"] == SHOWN)
    path = f"/v1/patients/{patient_id}"
    body_of(clinician.send("PATCH", path, json={"name": name}), 200)
    pills = {"name": "Sertraline", "kind": "antidepressant", "started_on": "2026-08-03"}
    treatment = _made(clinician, f"{path}/concomitant-treatments", pills)
    _made(on_call, "/v1/me/contact-methods", {"kind": "email", "address": "owen@home.example"})
    (schedule,) = _all(on_call, "/v1/on-call/schedules")
    staff = {each["email"]: each["id"] for each in _all(admin, "/v1/users")}
    away = {
        "user_id": staff[STAFF_OF["on_call"]],
        "from_at": f"{now + timedelta(days=2):%Y-%m-%dT22:00:00Z}",
        "to_at": f"{now + timedelta(days=3):%Y-%m-%dT12:00:00Z}",
        "reason": "Night at the university clinic",
    }
    _made(on_call, f"/v1/on-call/schedules/{schedule['id']}/overrides", away)
    session = max(_all(clinician, f"{path}/sessions"), key=lambda each: str(each["started_at"]))
    vitals = _all(clinician, f"{path}/sessions/{session['id']}/vitals")
    alerts = _all(on_call, f"/v1/alerts?patient_id={patient_id}")
    check_ins = _all(clinician, f"/v1/check-ins?patient_id={patient_id}")
    return {
        "patient_id": patient_id,
        "nobody": str(NOBODY),
        "check_in_id": next(each["id"] for each in check_ins if each["instrument"] == "phq9"),
        "course_id": _all(clinician, f"{path}/courses")[0]["id"],
        "record_id": treatment["id"],
        "session_id": session["id"],
        "kind": "clearance",
        "vitals_id": vitals[0]["id"],
        "alert_id": next(each["id"] for each in alerts if each["severity"] == "critical"),
        "schedule_id": schedule["id"],
        "user_id": staff[STAFF_OF["on_call"]],
    }


def _log_in(app: Flask, email: str) -> Person:
    sent = {"email": email, "password": PASSWORD}
    answer = app.test_client().post("/v1/auth/login", json=sent)
    return Person(app, email, body_of(answer, 200))


def _made(person: Person, path: str, sent: dict[str, Any]) -> dict[str, Any]:
    return body_of(person.send("POST", path, json=sent), 201)


def _all(person: Person, path: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = body_of(person.send("GET", path), 200)["items"]
    return found
