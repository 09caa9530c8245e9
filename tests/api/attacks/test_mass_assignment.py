"""Nobody makes themself somebody else by a field more: roles, clinic, owner, state."""

from __future__ import annotations

from typing import Any, Final
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.embedded.urls import DatabaseUrls
from tests.builders.doors.calls import BODIES, call, route_of
from tests.builders.doors.rows_alone import stored_rows
from tests.builders.doors.sides import OWN, ROLES, sides_of
from tests.builders.world import World, made_up_email
from tests.fixtures.documented import documented

# What rows have and no body may say.
FORBIDDEN: Final[dict[str, Any]] = {
    "clinic_id": str(uuid4()),
    "roles": ["admin"],
    "epoch": 0,
    "active": True,
    "user_id": str(uuid4()),
    "patient_id": str(uuid4()),
    "created_at": "2020-01-01T00:00:00Z",
    "received_at": "2020-01-01T00:00:00Z",
    "entered_by_staff": False,
    "status": "resolved",
    "severity": "low",
    "password_hash": "x",
    "revision": 1,
    "__class__": "x",
}


def documented_fields(app: Flask, row: str) -> set[str]:
    """What a body of this route may hold."""
    method, path = route_of(row).replace("<", "{").replace(">", "}").split(" ")
    document = documented(app).document
    body = document["paths"][path][method.lower()]["requestBody"]["content"]["application/json"]
    schema = document["components"]["schemas"][body["schema"]["$ref"].rpartition("/")[2]]
    return set(schema["properties"])


@pytest.mark.parametrize("role", ROLES)
def test_a_field_more_is_refused_by_its_name(
    app: Flask, world: World, database_urls: DatabaseUrls, role: str
) -> None:
    """In a body that would do without it, from whoever may send it."""
    sides, client = sides_of(role, world), FlaskClient(app)
    theirs, clinic = sides.things[OWN], str(sides.caller.actor.clinic_id)
    tried = []
    accounts = stored_rows(database_urls.admin, clinic)["users"]
    for row in BODIES:
        more = {key: FORBIDDEN[key] for key in FORBIDDEN.keys() - documented_fields(app, row)}
        answer = call(client, row, theirs, sides.caller, more=more)
        if answer.status_code == 403:
            continue
        assert answer.status_code == 422, row
        assert more.keys() <= answer.json["errors"].keys(), row
        tried.append(row)
    assert stored_rows(database_urls.admin, clinic)["users"] == accounts
    assert len(tried) > 9


def test_what_may_be_named_is_bounded_by_the_role(client: FlaskClient, world: World) -> None:
    """Fields that a body does have: a clinician invites no administrator, a patient no one."""
    clinic = world.clinic()
    body = {"email": made_up_email(), "name": "Ida Quagga", "roles": ["admin"]}
    for person in (clinic.staff(), clinic.staff("on_call"), clinic.patient()):
        refused = client.post("/v1/invitations", json=body, headers=person.headers)
        assert refused.status_code == 403
        itself = f"/v1/users/{person.user_id}"
        roles = client.patch(itself, json={"roles": ["admin"]}, headers=person.headers)
        assert roles.status_code == 403
