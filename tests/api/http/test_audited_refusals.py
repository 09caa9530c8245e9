"""What is refused to whoever is logged in leaves an entry, and only that."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from services.membership.invitations import InvitationForm, invite
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, World, made_up_email


def test_what_is_refused_is_recorded(client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    staff, patient = clinic.staff(), clinic.patient()
    hidden, colleague = clinic.patient(), clinic.staff()
    with clinic.app.app_context():
        team = {"user_ids": [str(colleague.user_id)]}
        path = f"/v1/patients/{hidden.patient_id}"
        made(client.put(f"{path}/care-team", json=team, headers=colleague.headers), 200)
    strange = other.patient().patient_id
    for method in ("GET", "HEAD", "GET"):
        assert client.open(path, method=method, headers=staff.headers).status_code == 404
    assert client.get(f"/v1/patients/{strange}", headers=staff.headers).status_code == 404
    assert client.get("/v1/users", headers=patient.headers).status_code == 403
    form = phq9()
    amended = f"/v1/check-ins/{uuid4()}/amend"
    body = {"id": str(uuid4()), "answers": form["answers"], "reason": "x"}
    assert post(client, patient, body, amended).status_code == 404
    found = [
        (row["actor_id"], row["about_ids"], row["detail"]["status"], row["detail"]["route"])
        for row in entries(staff, "refused")
    ]
    one = "GET /v1/patients/<uuid:patient_id>"
    assert found[:3] == [
        (staff.user_id, [hidden.patient_id], 404, one),
        (staff.user_id, [strange], 404, one),
        (patient.user_id, None, 403, "GET /v1/users"),
    ]
    assert found[3][3] == "POST /v1/check-ins/<uuid:check_in_id>/amend"
    assert entries(other.admin, "refused") == []


def test_probing_leaves_a_bounded_trace(client: FlaskClient, clinic: ClinicWorld) -> None:
    staff = clinic.staff()
    for _ in range(150):
        assert client.get(f"/v1/patients/{uuid4()}", headers=staff.headers).status_code == 404
    assert 40 < len(entries(staff, "refused")) <= 2 * 64


def test_a_refusal_on_the_page_is_recorded_too(
    app: Flask, client: FlaskClient, world: World
) -> None:
    clinic, other = world.clinic(), world.clinic()
    staff = clinic.staff()
    alert_id = open_alert(client, other.patient())
    assert Browser(app, alert_id).log_in(staff).status_code == 404
    (entry,) = entries(staff, "refused")
    assert entry["about_ids"] == [UUID(alert_id)]


def test_failed_log_ins_leave_few_entries_and_no_address(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    give_password(staff)
    for number in range(40):
        wrong = {"email": staff.email, "password": f"wrong {number} horse battery"}
        assert client.post("/v1/auth/login", json=wrong).status_code in (401, 429)
    client.post("/v1/auth/login", json={"email": "nobody@clinic.example", "password": PASSWORD})
    found = entries(staff, "login_failed")
    assert 1 <= len(found) <= 7
    assert {(row["actor_id"], *row["about_ids"]) for row in found} == {(None, staff.user_id)}
    assert found[0]["detail"] == {"tries": 1, "known_device": 0}
    assert staff.email not in str([dict(row) for row in found])


def test_a_refusal_that_cannot_be_recorded_is_answered_all_the_same(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError

    monkeypatch.setattr("api.http.audited.record_refusal", fail)
    assert client.get(f"/v1/patients/{uuid4()}", headers=clinic.admin.headers).status_code == 404


def test_only_what_was_refused_is_recorded_as_refused(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    admin = clinic.admin
    assert client.get("/v1/patients?sort=no", headers=admin.headers).status_code == 422
    assert client.get("/v1/nowhere", headers=admin.headers).status_code == 404
    with clinic.app.app_context():
        invite(admin.actor, InvitationForm(made_up_email(), "Ada Quagga", ("patient",)), utcnow())
    assert entries(admin, "refused") == []
