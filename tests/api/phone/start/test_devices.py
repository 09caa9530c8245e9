"""What a patient says of themselves and of their devices."""

from __future__ import annotations

import base64
import os
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from services.clock import utcnow
from services.membership.invitations import invite_device
from tests.builders.calls import made
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

KEPT = "SELECT kind, subscription, family_id FROM devices ORDER BY put_at, id"
TOKEN = "fcm-token-" + "x" * 140


def browser(endpoint: str = "https://fcm.googleapis.com/fcm/send/abc") -> dict[str, Any]:
    """A subscription as a browser gives it, with what ours ignores."""
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    key = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def text(content: bytes) -> str:
        return base64.urlsafe_b64encode(content).decode().rstrip("=")

    keys = {"p256dh": text(key), "auth": text(os.urandom(16))}
    return {"endpoint": endpoint, "expirationTime": None, "keys": keys}


def put(client: FlaskClient, person: Person, name: str, kind: str, subscription: Any) -> int:
    body = {"kind": kind, "subscription": subscription}
    answer = client.put(f"/v1/me/devices/{name}", json=body, headers=person.headers)
    assert answer.status_code == 204 or "subscription" in answer.json["errors"], answer.json
    assert TOKEN not in answer.text
    return answer.status_code


def kept(person: Person) -> list[Any]:
    return rows(person, KEPT)


def test_each_device_is_kept_once_and_encrypted(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    assert put(client, ada, "phone", "fcm", TOKEN) == 204
    assert put(client, ada, "phone", "fcm", TOKEN) == 204
    assert put(client, ada, "laptop", "webpush", browser()) == 204
    found = kept(ada)
    assert [row["kind"] for row in found] == ["fcm", "webpush"]
    assert TOKEN.encode() not in bytes(found[0]["subscription"])
    assert put(client, ada, "phone", "fcm", f"{TOKEN}2") == 204
    assert len(kept(ada)) == 2
    assert client.delete("/v1/me/devices/phone", headers=ada.headers).status_code == 204
    assert client.delete("/v1/me/devices/phone", headers=ada.headers).status_code == 204
    assert [row["kind"] for row in kept(ada)] == ["webpush"]


def test_a_device_belongs_to_whoever_used_it_last(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, ben = clinic.patient(), clinic.patient()
    put(client, ada, "phone", "fcm", TOKEN)
    put(client, ben, "phone", "fcm", TOKEN)
    assert [row["family_id"] for row in kept(ada)] == [ben.actor.family_id]


def test_each_change_is_recorded(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    put(client, ada, "phone", "fcm", TOKEN)
    client.delete("/v1/me/devices/phone", headers=ada.headers)
    made(client.patch("/v1/me", json={"language": "fr"}, headers=ada.headers), 200)
    query = "SELECT action, object_id FROM audit_entries WHERE actor_id = :id ORDER BY at, id"
    found = {row["action"]: row["object_id"] for row in rows(ada, query, id=ada.user_id)}
    actions = ("device_put", "device_removed", "own_account_changed")
    family = ada.actor.family_id
    assert [found[action] for action in actions] == [family, family, ada.user_id]


def test_of_many_devices_the_newest_are_kept(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    for number in range(12):
        assert put(client, ada, f"phone {number}", "fcm", f"{TOKEN}{number}") == 204
    assert len(kept(ada)) == 10


@pytest.mark.parametrize(
    ("kind", "subscription"),
    [
        ("fcm", "short"),
        ("fcm", TOKEN + " "),
        ("fcm", {"token": TOKEN}),
        ("fcm", 7),
        ("webpush", TOKEN),
        ("webpush", {"endpoint": "https://fcm.googleapis.com/x"}),
        ("webpush", browser("https://127.0.0.1/x")),
        ("webpush", browser("http://fcm.googleapis.com/x")),
        ("webpush", []),
    ],
)
def test_what_is_no_subscription_is_refused(
    client: FlaskClient, clinic: ClinicWorld, kind: str, subscription: Any
) -> None:
    ada = clinic.patient()
    assert put(client, ada, "phone", kind, subscription) == 422
    assert kept(ada) == []


def test_an_id_has_an_end(client: FlaskClient, clinic: ClinicWorld) -> None:
    body = {"kind": "fcm", "subscription": TOKEN}
    path = f"/v1/me/devices/{'x' * 201}"
    assert client.put(path, json=body, headers=clinic.patient().headers).status_code == 422


def test_a_device_goes_with_its_log_in(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada = clinic.patient()
    put(client, ada, "phone", "fcm", TOKEN)
    with clinic.app.app_context():
        code = invite_device(clinic.admin.actor, ada.patient_id, utcnow()).code
    second = made(client.post("/v1/invitations/accept", json={"code": code}))
    headers = {"Authorization": f"Bearer {second['access_token']}"}
    body = {"kind": "webpush", "subscription": browser()}
    assert client.put("/v1/me/devices/two", json=body, headers=headers).status_code == 204
    assert len(kept(ada)) == 2
    assert client.post("/v1/auth/logout", headers=ada.headers).status_code == 204
    assert [row["kind"] for row in kept(ada)] == ["webpush"]
    gone = {"active": False}
    path = f"/v1/users/{ada.user_id}"
    made(client.patch(path, json=gone, headers=clinic.admin.headers), 200)
    assert kept(ada) == []


def test_another_clinic_sees_no_device(
    client: FlaskClient, clinic: ClinicWorld, world: Any
) -> None:
    put(client, clinic.patient(), "phone", "fcm", TOKEN)
    assert kept(world.clinic().patient()) == []


def test_a_patient_says_how_they_like_to_be_reminded(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada = clinic.patient()
    fields = {"language": "pt-BR", "quiet_hours": {"from": "21:30", "to": "09:00"}}
    changed = made(client.patch("/v1/me", json=fields, headers=ada.headers), 200)
    assert {name: changed[name] for name in fields} == fields
    start = client.get("/v1/bootstrap", headers=ada.headers).json
    assert start["profile"] == changed == client.get("/v1/me", headers=ada.headers).json
    nothing = {"language": None, "quiet_hours": None}
    emptied = made(client.patch("/v1/me", json=nothing, headers=ada.headers), 200)
    assert {name: emptied[name] for name in nothing} == nothing
    assert made(client.patch("/v1/me", json={}, headers=ada.headers), 200) == emptied


def test_a_patient_who_moves_counts_their_days_there(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    ada = clinic.patient()
    path = f"/v1/patients/{ada.patient_id}"

    def zones() -> tuple[str, str]:
        record = client.get(path, headers=clinic.staff().headers).json
        return client.get("/v1/me", headers=ada.headers).json["timezone"], record["timezone"]

    before = zones()
    made(client.patch("/v1/me", json={"timezone": "asia/tokyo"}, headers=ada.headers), 200)
    assert zones() == ("Asia/Tokyo", "Asia/Tokyo") != before
    made(client.patch("/v1/me", json={"timezone": "Nowhere/Land"}, headers=ada.headers), 200)
    assert zones() == before


@pytest.mark.parametrize(
    "fields",
    [
        {"timezone": None},
        {"timezone": ""},
        {"language": "english please"},
        {"language": "en\n"},
        {"quiet_hours": {"from": "24:00", "to": "08:00"}},
        {"quiet_hours": {"from": "22:00\n", "to": "08:00"}},
        {"quiet_hours": {"from": "22:00"}},
        {"email": "x@c.example"},
    ],
)
def test_what_cannot_be_is_refused(
    client: FlaskClient, clinic: ClinicWorld, fields: dict[str, Any]
) -> None:
    answer = client.patch("/v1/me", json=fields, headers=clinic.patient().headers)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
