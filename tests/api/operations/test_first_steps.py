"""From the operator's command to a patient with tokens, over HTTP."""

from __future__ import annotations

import json
from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from tests.builders.world import ClinicWorld, made_up_email

PASSWORD = "correct horse battery"


def run(app: Flask, *words: str) -> dict[str, Any]:
    result = app.test_cli_runner().invoke(args=list(words))
    assert result.exit_code == 0, result.output
    return json.loads(result.output)


def test_an_operator_makes_a_clinic_and_everybody_gets_in(
    app: Flask, client: FlaskClient, clean_database: None
) -> None:
    email = made_up_email("admin")
    made = run(
        app,
        "clinic",
        "create",
        "North",
        "--timezone",
        "America/New_York",
        "--country",
        "US",
        "--admin",
        email,
    )
    webhook = run(app, "clinic", "contact", made["clinic_id"], "http://127.0.0.1:9/page")
    assert set(webhook) == {"contact_id", "signing_secret"}

    accepted = client.post(
        "/v1/invitations/accept", json={"code": made["invitation_code"], "password": PASSWORD}
    )
    assert accepted.status_code == 201
    assert set(accepted.json) == {"access_token", "refresh_token", "expires_in", "user"}
    assert accepted.json["user"]["roles"] == ["admin"]
    assert accepted.json["user"]["clinic_id"] == made["clinic_id"]

    admin = {"Authorization": f"Bearer {accepted.json['access_token']}"}
    invited = client.post(
        "/v1/invitations",
        json={"email": made_up_email("pat"), "name": "Pat", "roles": ["patient"], "patient": {}},
        headers=admin,
    )
    assert invited.status_code == 201
    fields = {"code", "expires_at", "user_id", "patient_id", "unknown_indications"}
    assert set(invited.json) == fields

    phone = client.post("/v1/invitations/accept", json={"code": invited.json["code"]})
    assert phone.json["user"]["patient_id"] == invited.json["patient_id"]
    login = client.post("/v1/auth/login", json={"email": email.upper(), "password": PASSWORD})
    assert login.status_code == 200
    refreshed = client.post(
        "/v1/auth/refresh",
        headers={"Authorization": f"Bearer {phone.json['refresh_token']}"},
    )
    assert set(refreshed.json) == {"access_token", "refresh_token", "expires_in"}


def test_logging_out_ends_this_device_only(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff("clinician")
    assert client.post("/v1/auth/logout", headers=staff.headers).status_code == 204
    again = client.post("/v1/auth/logout", headers=staff.headers)
    assert (again.status_code, again.json["code"]) == (401, "unauthenticated")
    assert client.post("/v1/auth/logout", headers=clinic.admin.headers).status_code == 204


def test_an_administrator_who_missed_the_week_is_invited_again(
    app: Flask, client: FlaskClient, clean_database: None
) -> None:
    email = made_up_email("admin")
    place = ["--timezone", "Europe/Paris", "--country", "FR", "--admin", email]
    made = run(app, "clinic", "create", "North", *place)
    again = run(app, "clinic", "invite", made["clinic_id"], email)
    first = {"code": made["invitation_code"], "password": PASSWORD}
    assert client.post("/v1/invitations/accept", json=first).status_code == 409
    second = {"code": again["invitation_code"], "password": PASSWORD}
    assert client.post("/v1/invitations/accept", json=second).status_code == 201
    stranger = app.test_cli_runner().invoke(
        args=["clinic", "invite", made["clinic_id"], made_up_email("nobody")]
    )
    assert stranger.exit_code == 1
    in_use = app.test_cli_runner().invoke(args=["clinic", "invite", made["clinic_id"], email])
    assert in_use.exit_code == 1


def test_a_clinic_whose_people_cannot_log_in_gets_an_administrator(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    """As after a lost key: nobody of the clinic is left to invite anybody."""
    email = made_up_email("new-admin")
    words = ["clinic", "invite", str(clinic.id), email, "--administrator"]
    code = run(app, *words)["invitation_code"]
    accepted = client.post("/v1/invitations/accept", json={"code": code, "password": PASSWORD})
    assert accepted.json["user"]["roles"] == ["admin"]
    assert accepted.json["user"]["clinic_id"] == str(clinic.id)
    again = app.test_cli_runner().invoke(args=words)
    assert (again.exit_code, "email:" in again.output) == (1, True)
    nowhere = app.test_cli_runner().invoke(
        args=["clinic", "invite", str(clinic.admin.user_id), email, "--administrator"]
    )
    assert (nowhere.exit_code, "no such clinic" in nowhere.output) == (1, True)


def test_a_name_can_be_seen(client: FlaskClient, clinic: ClinicWorld) -> None:
    def status_of(name: str) -> int:
        body = {"name": name, "patient": {}, "email": made_up_email("pat"), "roles": ["patient"]}
        return client.post("/v1/invitations", json=body, headers=clinic.admin.headers).status_code

    for seen in ("Zo\u00eb Quagga", "\u0646\u200c\u0627 Quagga", "\u674e\u96f7"):
        assert status_of(seen) == 201
    for unseen in (" ", "\u200b", "Quagga\u202egga", "Quagga\nquagga", "\x00", ""):
        assert status_of(unseen) == 422
