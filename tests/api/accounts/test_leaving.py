"""Who leaves leaves nothing behind: devices, acknowledgements, the last administrator."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from models import Alert
from models.base import new_id
from services.clock import utcnow
from services.exceptions import LastAdmin, Unauthenticated
from services.membership.users import change_user
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person, log_in


def acknowledged_by(clinic: ClinicWorld, client: FlaskClient, owner: Person) -> UUID:
    """A patient asked for help, and this person has taken it on."""
    body = {"id": str(new_id()), "recorded_at": utcnow().isoformat()}
    answer = client.post("/v1/help-requests", json=body, headers=clinic.patient().headers)
    assert answer.status_code == 201, answer.json
    now = utcnow()
    with clinic.app.app_context(), transaction(clinic.id) as session:
        return session.execute(
            update(Alert)
            .where(Alert.clinic_id == clinic.id)
            .values(
                status="acknowledged",
                acknowledged_by=owner.user_id,
                acknowledged_at=now,
                ack_expires_at=now + timedelta(hours=1),
                next_at=now + timedelta(hours=1),
            )
            .returning(Alert.id)
        ).scalar_one()


def test_deactivation_ends_acknowledgements_at_once(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    clinic.contact("mailto:first@clinic.example")
    owner = clinic.staff("on_call")
    alert_id = acknowledged_by(clinic, client, owner)
    before = utcnow()
    answer = client.patch(
        f"/v1/users/{owner.user_id}", json={"active": False}, headers=clinic.admin.headers
    )
    assert answer.status_code == 200
    with clinic.app.app_context(), transaction(clinic.id) as session:
        alert = session.scalars(select(Alert).where(Alert.id == alert_id)).one()
        assert (alert.status, alert.ack_expires_at, alert.page_step) == ("triggered", None, 1)
        assert alert.round_started_at is not None
        assert alert.round_started_at >= before - timedelta(seconds=1)


def test_two_administrators_cannot_switch_each_other_off(app: Flask, clinic: ClinicWorld) -> None:
    pair = (clinic.admin, clinic.staff("admin"))
    gate = Barrier(2)

    def switch_off(number: int) -> str:
        with app.app_context():
            gate.wait(10)
            try:
                change_user(pair[number].actor, pair[1 - number].user_id, utcnow(), active=False)
            except (LastAdmin, Unauthenticated) as refused:
                return type(refused).__name__
            return "done"

    with ThreadPoolExecutor(2) as pool:
        outcomes = sorted(pool.map(switch_off, range(2)))
    assert outcomes.count("done") == 1, outcomes


def test_somebody_logs_a_lost_device_out(client: FlaskClient, clinic: ClinicWorld) -> None:
    here = clinic.staff("clinician")
    with clinic.app.app_context():
        lost = log_in(clinic.app, clinic.id, here.user_id, utcnow())
    listed = client.get("/v1/me/sessions", headers=here.headers).json["items"]
    assert [(s["id"], s["current"]) for s in listed] == [
        (str(lost.actor.family_id), False),
        (str(here.actor.family_id), True),
    ]
    address = f"/v1/me/sessions/{lost.actor.family_id}"
    assert client.delete(address, headers=clinic.admin.headers).status_code == 404
    assert client.delete(address, headers=here.headers).status_code == 204
    assert client.delete(address, headers=here.headers).status_code == 404
    assert client.get("/v1/me", headers=lost.headers).status_code == 401
    assert client.get("/v1/me", headers=here.headers).status_code == 200


def test_an_expired_access_token_asks_for_a_refresh(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    staff = clinic.staff("clinician")
    old = staff.headers_at(utcnow() - timedelta(minutes=16))
    answer = client.get("/v1/me", headers=old)
    assert (answer.status_code, answer.json["code"]) == (401, "token_expired")


REFUSED_COMMANDS = [
    (["create", "N", "--timezone", "Mars/X", "--country", "FR", "--admin", "a@b.example"], "zone"),
    (["create", "N", "--timezone", "UTC", "--country", "XX", "--admin", "a@b.example"], "country"),
    (["create", "N", "--timezone", "UTC", "--country", "FR", "--admin", "nobody"], "e-mail"),
    (["contact", str(new_id()), "mailto:a@b.example"], "nothing here"),
]


@pytest.mark.parametrize(("words", "problem"), REFUSED_COMMANDS)
def test_a_command_that_cannot_be_done_says_why(
    app: Flask, clean_database: None, words: list[str], problem: str
) -> None:
    result = app.test_cli_runner().invoke(args=["clinic", *words])
    assert result.exit_code == 1
    assert problem in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    "address",
    ["ftp://x", "mailto:", "mailto:a", "http://", "https://a b", "x@y.example", "http://[x"],
)
def test_a_contact_is_a_mail_address_or_a_web_address(clinic: ClinicWorld, address: str) -> None:
    words = ["clinic", "contact", str(clinic.id), address]
    result = clinic.app.test_cli_runner().invoke(args=words)
    assert (result.exit_code, "address" in result.output) == (1, True)


def test_an_address_that_has_an_account_can_have_one_in_a_second_clinic(
    clinic: ClinicWorld,
) -> None:
    words = ["clinic", "create", "South", "--timezone", "UTC", "--country", "FR"]
    admin = ["--admin", clinic.admin.email.upper()]
    result = clinic.app.test_cli_runner().invoke(args=[*words, *admin])
    assert result.exit_code == 0, result.output


def test_a_password_is_changed_over_http(client: FlaskClient, clinic: ClinicWorld) -> None:
    patient = clinic.patient()
    first = {"new_password": "correct horse battery"}
    alone = client.post("/v1/me/password", json=first, headers=patient.headers)
    assert (alone.status_code, list(alone.json["errors"])) == (422, ["refresh_token"])
    first["refresh_token"] = patient.headers["Authorization"].removeprefix("Bearer ")
    assert client.post("/v1/me/password", json=first, headers=patient.headers).status_code == 422
    first["refresh_token"] = patient.tokens(utcnow())["refresh_token"]
    assert client.post("/v1/me/password", json=first, headers=patient.headers).status_code == 204
    wrong = {"old_password": "wrong", "new_password": "another long password"}
    answer = client.post("/v1/me/password", json=wrong, headers=patient.headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["old_password"])
    login = {"email": patient.email, "password": "correct horse battery"}
    assert client.post("/v1/auth/login", json=login).json["user"]["id"] == str(patient.user_id)
    short = client.post(
        "/v1/me/password", json={"new_password": "1234567"}, headers=patient.headers
    )
    assert list(short.json["errors"]) == ["new_password"]
