"""A staff POST may carry an id of the client's: then it is stored exactly once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

from flask.testing import FlaskClient

from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, World


def test_a_patient_is_enrolled_once(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    staff = clinic.staff("clinician")
    body = {"id": str(uuid4()), "name": "Quentin Quagga", "born_on": "1980-02-29"}
    first = client.post("/v1/patients", json=body, headers=staff.headers)
    again = client.post("/v1/patients", json=body, headers=staff.headers)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert first.json is not None
    assert first.json["id"] == body["id"]
    changed = client.post("/v1/patients", json=body | {"mrn": "7"}, headers=staff.headers)
    assert changed.status_code == 409
    assert changed.json is not None
    assert changed.json["code"] == "content_conflict"
    stranger = client.post("/v1/patients", json=body, headers=other.admin.headers)
    assert stranger.status_code == 409
    assert stranger.json is not None
    assert stranger.json["code"] == "id_taken"
    assert "stored" not in stranger.json


def test_one_id_from_many_threads_is_one_patient(world: World) -> None:
    clinic = world.clinic()
    staff = clinic.staff("clinician")
    body = {"id": str(uuid4()), "name": "Quentin Quagga"}

    def send(_number: int) -> tuple[int, bytes]:
        answer = world.app.test_client().post("/v1/patients", json=body, headers=staff.headers)
        return answer.status_code, answer.data

    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(send, range(6)))
    assert sorted(status for status, _ in answers) == [200] * 5 + [201]
    assert len({data for _, data in answers}) == 1


def test_a_note_is_written_once(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, staff = clinic.patient(), clinic.staff("on_call")
    post(client, pat, phq9(item9=2))
    (alert,) = alerts(pat)
    path = f"/v1/alerts/{alert['id']}/notes"
    body = {"id": str(uuid4()), "kind": "contact_attempt", "outcome": "no_answer"}
    first, again = post(client, staff, body, path), post(client, staff, body, path)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.data == again.data
    assert len(rows(pat, "SELECT 1 FROM alert_notes")) == 1
    assert post(client, staff, body | {"outcome": "reached"}, path).status_code == 409
    without = {"text": "called her sister"}
    assert [post(client, staff, without, path).status_code for _ in "12"] == [201, 201]
