"""`PATCH` is a JSON Merge Patch: null empties what can be empty and is refused elsewhere."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from tests.builders.calls import made, refused
from tests.builders.ward import MORNING, Ward

CONTACT = {"name": "Ida Quagga", "phone": "+33 1 23 45 67 81", "relation": "sister"}
HOURS = [{"days": ["mon"], "from": "08:00", "to": "16:00"}]

# By the last part of the path: every field with a value to begin with, and what null leaves of it.
EMPTIED: dict[str, dict[str, tuple[Any, Any]]] = {
    "patient_id": {
        "phone": ("+33 1 23 45 67 82", None),
        "address": ("1 Quagga Street", None),
        "emergency_contact": (CONTACT, None),
        "born_on": ("1980-01-31", None),
        "mrn": ("Q-17", None),
        "indications": (["TRD"], []),
        "risk_at_intake": (True, False),
    },
    "course_id": {
        "indication": ("TRD", None),
        "protocol": ("quagga 2", None),
        "ended_on": ("2025-07-02", None),
        "maintenance_interval_days": (14, None),
        "new_baseline": (True, False),
    },
    "session_id": {
        "ended_at": ("2025-06-02T08:40:00Z", None),
        "dose": ({"value": 35.0, "unit": "mg"}, None),
        "weight_kg": (70.5, None),
        "route": ("iv", None),
        "cancelled": (True, False),
        "timezone": ("Asia/Tokyo", "Europe/Paris"),
    },
    "record_id": {"stopped_on": ("2025-06-09", None)},
    "vitals_id": {
        "heart_rate": (70, None),
        "spo2": (97, None),
        "sedation": (5, None),
        "dissociation": (4, None),
    },
    "clinic": {
        "phone": ("+33 1 23 45 67 83", None),
        "monitoring_text": ("We read on weekdays.", None),
        "staffed": (HOURS, []),
        "holidays": (["2025-12-25"], []),
        "cssrs_texts": ({"q1": "Have you wished to be dead?"}, {}),
        "language": ("de", None),
    },
    "me": {"language": ("de", None), "quiet_hours": ({"from": "21:00", "to": "08:00"}, None)},
}
# A pause has both beside it; alone they change nothing.
WITH_STATUS = {"reason", "until_on"}
# Emptied to who entered it, who is made anew for each test.
WHO_ENTERED = "staff_ids"


@pytest.fixture
def ward(app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch) -> Ward:
    return Ward(app, monkeypatch)


@pytest.fixture
def paths(ward: Ward) -> dict[str, str]:
    """Where each of them is found, by the last part of its path in the document."""
    course = ward.course(product="tms")
    other = {"name": "Sertraline", "kind": "antidepressant", "started_on": "2025-06-02"}
    alongside = f"{ward.path}/concomitant-treatments"
    session = ward.session(course, MORNING, product="tms", route=None)
    measured = ward.session(course, MORNING + timedelta(hours=2), product="tms", route=None)
    vitals = f"{ward.path}/sessions/{measured['id']}/vitals"
    taken = ward.set_of("pre", taken_at=(MORNING + timedelta(minutes=5)).isoformat())
    return {
        "patient_id": ward.path,
        "course_id": f"{ward.path}/courses/{course}",
        "session_id": f"{ward.path}/sessions/{session['id']}",
        "record_id": f"{alongside}/{made(ward.post(alongside, other))['id']}",
        "vitals_id": f"{vitals}/{made(ward.post(vitals, taken))['id']}",
        "clinic": "/v1/clinic",
        "me": "/v1/me",
        "user_id": f"/v1/users/{ward.staff.user_id}",
        "schedule_id": f"/v1/on-call/schedules/{nights(ward)}",
    }


def nights(ward: Ward) -> str:
    """The id of a new schedule of nobody."""
    turns = {"kind": "daily", "length": 1, "handover": "08:00", "members": []}
    body = {"name": "Nights", "timezone": "Europe/Paris", "rotation": turns}
    return str(made(ward.post("/v1/on-call/schedules", body, ward.clinic.admin))["id"])


def patch(ward: Ward, path: str, body: dict[str, Any]) -> Any:
    is_configured = path.startswith(("/v1/clinic", "/v1/users", "/v1/on-call"))
    person = ward.clinic.admin if is_configured else ward.staff
    return ward.patch(path, body, person)


@pytest.mark.parametrize(
    ("what", "field"), [(what, field) for what, fields in EMPTIED.items() for field in fields]
)
def test_null_empties_a_field_and_nothing_else(
    ward: Ward, paths: dict[str, str], what: str, field: str
) -> None:
    given = {name: value for name, (value, _) in EMPTIED[what].items()}
    before = made(patch(ward, paths[what], given), 200)
    assert {name: before[name] for name in given} == given
    after = made(patch(ward, paths[what], {field: None}), 200)
    follows = {"contact_missing", "version", "entered_at", "flags", "driving_restriction_until"}
    follows |= {"received_at"} if what == "vitals_id" else set()
    follows |= {"number", "name"} if field == "cancelled" else set()
    assert after[field] == EMPTIED[what][field][1]
    assert {name for name in after if after[name] != before[name]} - follows == {field}


def test_every_field_that_the_document_calls_nullable_can_be_emptied_and_no_other(
    ward: Ward, paths: dict[str, str]
) -> None:
    document = ward.client.get("/openapi.json").json
    seen = set()
    for path, item in document["paths"].items():
        if "patch" not in item:
            continue
        what = path.rsplit("/", 1)[-1].strip("{}")
        seen.add(what)
        schema = item["patch"]["requestBody"]["content"]["application/json"]["schema"]
        shape = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        for field, described in shape["properties"].items():
            answer = patch(ward, paths[what], {field: None})
            is_beside = what == "patient_id" and field in WITH_STATUS
            if field in EMPTIED.get(what, {}) or is_beside or field == WHO_ENTERED:
                assert is_nullable(described), (what, field)
                assert answer.status_code == 200, (what, field, answer.json)
            else:
                assert list(refused(answer)) == [field], (what, field)
    assert seen == set(paths)


def test_a_session_without_staff_is_of_whoever_entered_it(
    ward: Ward, paths: dict[str, str]
) -> None:
    others = [str(ward.clinic.staff().user_id), str(ward.clinic.staff("on_call").user_id)]
    given = made(ward.patch(paths["session_id"], {WHO_ENTERED: others}), 200)
    assert sorted(given[WHO_ENTERED]) == sorted(others)
    emptied = made(ward.patch(paths["session_id"], {WHO_ENTERED: None}), 200)
    assert emptied[WHO_ENTERED] == [str(ward.staff.user_id)]


def is_nullable(described: dict[str, Any]) -> bool:
    options = [described, *described.get("anyOf", []), *described.get("allOf", [])]
    return any("null" in option.get("type", ()) for option in options)


def test_ketamine_keeps_its_route(ward: Ward) -> None:
    known = ward.session(ward.course(), MORNING, ended_at="2025-06-02T08:40:00Z")
    path = f"{ward.path}/sessions/{known['id']}"
    assert list(refused(ward.patch(path, {"route": None}))) == ["route"]
    emptied = made(ward.patch(path, {"ended_at": None}), 200)
    assert (emptied["ended_at"], emptied["route"], emptied["version"]) == (None, "iv", 2)
    ward.check_cache()


def test_an_emptied_risk_at_intake_follows_from_the_indications(ward: Ward) -> None:
    stated = {"indications": ["suicidal ideation"], "risk_at_intake": False}
    assert made(ward.patch(ward.path, stated), 200)["risk_at_intake"] is False
    assert made(ward.patch(ward.path, {"risk_at_intake": None}), 200)["risk_at_intake"] is True


def test_no_pace_of_the_ladder_is_emptied(ward: Ward) -> None:
    body = {"ladder": {"critical": {"next_after_s": None}}}
    answer = ward.patch("/v1/clinic", body, ward.clinic.admin)
    assert list(refused(answer)) == ["ladder.critical.next_after_s"]
