"""`GET /v1/audit`: what was recorded about a patient or an account."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient

from tests.builders.calls import made, refused
from tests.builders.world import ClinicWorld, Person, World


def read(client: FlaskClient, person: Person, query: str) -> Any:
    return made(client.get(f"/v1/audit?{query}", headers=person.headers), 200)


def test_an_administrator_reads_who_did_what(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff, admin = clinic.staff(), clinic.admin
    ada, eve = clinic.patient(), clinic.patient()
    client.get(f"/v1/patients/{ada.patient_id}", headers=staff.headers)
    client.get("/v1/patients", headers=staff.headers)
    client.get("/v1/check-ins", headers=eve.headers)
    about = read(client, admin, f"patient_id={ada.patient_id}")["items"]
    assert [row["action"] for row in about] == [
        "caseload_read",
        "patient_read",
        "invitation_accepted",
        "user_invited",
    ]
    assert {row["actor_id"] for row in about[:2]} == {str(staff.user_id)}
    assert str(eve.patient_id) in about[0]["about_ids"]
    assert about[3]["detail"] == {"roles": ["patient"]}
    assert (about[0]["seq"], about[0]["sealed_at"]) == (None, None)
    by = read(client, admin, f"user_id={staff.user_id}")["items"]
    assert [row["action"] for row in by] == ["caseload_read", "patient_read", "user_invited"]
    both = read(client, admin, f"user_id={staff.user_id}&patient_id={ada.patient_id}")["items"]
    assert [row["action"] for row in both] == ["caseload_read", "patient_read"]


def test_reading_it_is_recorded(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, admin = clinic.patient(), clinic.admin
    query = f"patient_id={ada.patient_id}"
    assert "audit_read" not in [row["action"] for row in read(client, admin, query)["items"]]
    newest = read(client, admin, query)["items"][0]
    assert (newest["action"], newest["actor_id"]) == ("audit_read", str(admin.user_id))
    read(client, admin, f"user_id={ada.user_id}")
    assert read(client, admin, f"user_id={ada.user_id}")["items"][0]["action"] == "audit_read"


def test_pages_hold_every_entry_once(client: FlaskClient, clinic: ClinicWorld) -> None:
    ada, staff = clinic.patient(), clinic.staff()
    for _ in range(7):
        client.get(f"/v1/patients/{ada.patient_id}", headers=staff.headers)
    query, found = f"user_id={staff.user_id}&limit=3", []
    page = read(client, clinic.admin, query)
    while page["next_cursor"]:
        found += page["items"]
        page = read(client, clinic.admin, f"{query}&cursor={page['next_cursor']}")
    found += page["items"]
    reads = [row["id"] for row in found if row["action"] == "patient_read"]
    assert len(reads) == len(set(reads)) == 7
    assert [row["at"] for row in found] == sorted((row["at"] for row in found), reverse=True)


def test_who_may_not_read_it(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    ada = clinic.patient()
    query = f"patient_id={ada.patient_id}"
    for person in (ada, clinic.staff("clinician"), clinic.staff("on_call")):
        answer = client.get(f"/v1/audit?{query}", headers=person.headers)
        assert refused(answer, 403) == {"code": "forbidden"}
    assert read(client, other.admin, query)["items"] == []
    assert read(client, clinic.admin, f"patient_id={uuid4()}")["items"] == []
    nobody = client.get("/v1/audit", headers=clinic.admin.headers)
    assert "patient_id" in refused(nobody)
