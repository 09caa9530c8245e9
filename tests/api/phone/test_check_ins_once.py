"""Exactly once: same id and same content answer the same bytes for ever."""

from __future__ import annotations

from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import NOTE, phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, World


def test_a_new_check_in_is_stored_and_scored(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(note=NOTE, client_total=8)
    answer = post(client, pat, body)
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["id"] == body["id"]
    assert answer.json["patient_id"] == str(pat.patient_id)
    assert answer.json["score"] == {
        "total": 8,
        "band": "mild",
        "complete": True,
        "answered": 9,
        "prorated_total": 8,
    }
    assert answer.json["flags"] == []
    assert answer.json["safety"] is None
    assert answer.json["session"] is None
    assert answer.json["received_at"].endswith("Z")


def test_the_same_again_answers_the_first_bytes(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(item9=1)
    first = post(client, pat, body)
    again = post(client, pat, dict(reversed(list(body.items()))) | {"note": None})
    upper = post(client, pat, body | {"id": body["id"].upper()})
    assert (first.status_code, again.status_code, upper.status_code) == (201, 200, 200)
    assert first.data == again.data == upper.data
    assert len(rows(pat, "SELECT 1 FROM check_ins")) == 1
    assert len(rows(pat, "SELECT 1 FROM alert_occurrences")) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("note", "another"),
        ("timezone", "Europe/Berlin"),
        ("client_total", 3),
        ("instrument", "phq9-daily"),
        ("recorded_at", "2026-11-20T08:00:00+01:00"),
        ("answers", {"q1": 2}),
    ],
)
def test_the_same_id_with_other_content_is_a_conflict(
    client: FlaskClient, clinic: ClinicWorld, field: str, value: object
) -> None:
    pat = clinic.patient()
    body = phq9()
    first = post(client, pat, body)
    other = post(client, pat, body | {field: value})
    assert other.status_code == 409
    assert other.json is not None
    assert other.json["code"] == "content_conflict"
    assert other.json["stored"] == first.json


def test_what_is_not_content_makes_no_conflict(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9(recorded_at="2026-11-20T08:00:00+01:00", answers={"q1": 1, "q9": 0})
    post(client, pat, body)
    same = body | {
        "recorded_at": "2026-11-20T07:00:00Z",
        "mood_day": "2026-11-19",
        "answers": {"q9": 0, "q1": 1, "q2": None},
    }
    assert post(client, pat, same).status_code == 200


def test_an_id_that_another_patient_used_shows_nothing(client: FlaskClient, world: World) -> None:
    one, other = world.clinic(), world.clinic()
    body = phq9(note=NOTE)
    post(client, one.patient(), body)
    for stranger in (one.patient(), other.patient()):
        answer = post(client, stranger, body)
        assert answer.status_code == 409
        assert answer.json is not None
        assert answer.json["code"] == "id_taken"
        assert "stored" not in answer.json
        assert NOTE not in answer.text


def test_an_id_is_taken_across_kinds(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat = clinic.patient()
    body = phq9()
    post(client, pat, body)
    help_request = {"id": body["id"], "recorded_at": body["recorded_at"]}
    answer = post(client, pat, help_request, "/v1/help-requests")
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["safety"]["level"] == "crisis"


def test_staff_enter_for_a_patient_in_view(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff("clinician")
    answer = post(client, staff, phq9(patient_id=str(pat.patient_id)))
    assert answer.status_code == 201
    assert answer.json is not None
    assert answer.json["flags"] == ["entered_by_staff"]
    assert post(client, staff, phq9()).status_code == 422
    assert post(client, staff, phq9(patient_id=str(uuid4()))).status_code == 404


@pytest.mark.parametrize("role", ["on_call", "admin"])
def test_other_roles_write_no_answers(client: FlaskClient, clinic: ClinicWorld, role: str) -> None:
    pat, person = clinic.patient(), clinic.staff(role)
    assert post(client, person, phq9(patient_id=str(pat.patient_id))).status_code == 403
    help_request = {"id": str(uuid4()), "recorded_at": "2026-11-20T08:00:00Z"}
    assert post(client, person, help_request, "/v1/help-requests").status_code == 403
    assert rows(pat, "SELECT 1 FROM check_ins") == []


def test_a_list_is_newest_first_and_never_cut_silently(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat = clinic.patient()
    for day in (18, 20, 19):
        post(client, pat, phq9(recorded_at=f"2026-11-{day}T08:00:00Z"))
    seen, cursor = [], ""
    while True:
        page = client.get(f"/v1/check-ins?limit=1{cursor}", headers=pat.headers).json
        assert page is not None
        seen += [item["recorded_at"][:10] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == ["2026-11-20", "2026-11-19", "2026-11-18"]
    assert client.get("/v1/check-ins?cursor=x", headers=pat.headers).status_code == 422


def test_strangers_read_nothing(client: FlaskClient, world: World) -> None:
    here, there = world.clinic(), world.clinic()
    pat = here.patient()
    body = phq9()
    post(client, pat, body)
    path = f"/v1/check-ins/{body['id']}"
    assert client.get(path, headers=pat.headers).status_code == 200
    assert client.get(path, headers=here.staff("clinician").headers).status_code == 200
    assert client.get(path, headers=here.admin.headers).status_code == 403
    assert client.get(path, headers=here.staff("on_call").headers).status_code == 404
    for stranger in (here.patient(), there.staff("clinician"), there.patient()):
        assert client.get(path, headers=stranger.headers).status_code == 404
    listed = f"/v1/check-ins?patient_id={pat.patient_id}"
    for stranger in (here.patient(), there.staff("clinician")):
        page = client.get(listed, headers=stranger.headers).json
        assert page is not None
        assert page["items"] == []
