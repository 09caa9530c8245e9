"""A lost second factor is taken away by an administrator, or by the operator for the last one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import undefer

from models import Notification
from services.accounts.letters import FACTOR_ADDED, FACTOR_GUESSED, FACTOR_RESET, letter_of
from services.clock import utcnow
from services.unit_of_work import transaction
from tests.builders.accounts.authenticator import enrol
from tests.builders.browser import PASSWORD, give_password
from tests.builders.calls import post
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, Person, World


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    person = clinic.staff("on_call")
    give_password(person)
    enrol(person)
    return person


def reset(client: FlaskClient, by: Person, whose: Person) -> int:
    return post(client, by, {}, f"/v1/users/{whose.user_id}/reset-factor").status_code


def log_in(client: FlaskClient, person: Person) -> int:
    words = {"email": person.email, "password": PASSWORD}
    return client.post("/v1/auth/login", json=words).status_code


def letters(worker_app: Flask) -> list[str]:
    query = select(Notification).where(Notification.kind == "letter").order_by(Notification.id)
    with worker_app.app_context(), transaction() as session:
        found = session.scalars(query.options(undefer(Notification.sealed_code)))
        return [row.sealed_code or "" for row in found]


def test_an_administrator_takes_it_and_every_log_in_ends(
    client: FlaskClient, worker_app: Flask, clinic: ClinicWorld, ada: Person
) -> None:
    assert log_in(client, ada) == 401
    assert reset(client, clinic.admin, ada) == 204
    assert client.get("/v1/me", headers=ada.headers).status_code == 401
    assert log_in(client, ada) == 200
    assert letters(worker_app) == [FACTOR_ADDED, FACTOR_RESET]
    (entry,) = entries(ada, "second_factor_reset")
    assert (entry["actor_id"], entry["object_id"]) == (clinic.admin.user_id, ada.user_id)
    assert reset(client, clinic.admin, ada) == 404  # there is none any more


def test_nobody_takes_their_own_or_a_strangers(
    client: FlaskClient, clinic: ClinicWorld, world: World, ada: Person
) -> None:
    admin = clinic.admin
    give_password(admin)
    enrol(admin)
    assert reset(client, admin, admin) == 422
    for other in (clinic.staff("clinician"), clinic.staff("on_call"), clinic.patient()):
        assert reset(client, other, ada) == 403
    assert reset(client, world.clinic("South Clinic").admin, ada) == 404
    assert reset(client, admin, clinic.patient()) == 404
    assert log_in(client, ada) == log_in(client, admin) == 401


def command(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=["users", "reset-factor", *words])


def test_the_operator_takes_the_last_administrators(
    app: Flask, client: FlaskClient, worker_app: Flask, clinic: ClinicWorld
) -> None:
    admin = clinic.admin
    give_password(admin)
    enrol(admin)
    done = command(app, admin.email)
    assert done.exit_code == 0, done.output
    assert json.loads(done.output) == {
        "clinic_id": str(clinic.id), "user_id": str(admin.user_id)
    }  # fmt: skip
    assert client.get("/v1/me", headers=admin.headers).status_code == 401
    assert log_in(client, admin) == 200
    assert letters(worker_app)[-1] == FACTOR_RESET
    (entry,) = entries(admin, "second_factor_reset")
    assert (entry["actor_id"], entry["object_id"]) == (None, admin.user_id)
    again = command(app, admin.email, "--clinic", str(clinic.id))
    assert (again.exit_code, "nothing here" in again.output) == (1, True)


def test_the_operator_names_an_account_that_there_is(app: Flask, clinic: ClinicWorld) -> None:
    unknown = command(app, "nobody-quagga@clinic.example")
    assert (unknown.exit_code, "No active account" in unknown.output) == (1, True)


def test_the_letters_name_nobody(ada: Person) -> None:
    for news in (FACTOR_ADDED, FACTOR_RESET, FACTOR_GUESSED):
        letter = letter_of(ada.user_id, ada.email, news, utcnow())
        assert "Quagga" not in letter.subject + letter.text
        assert news not in letter.text
