"""A forgotten password over HTTP: a stranger learns nothing, and no role reads what is not its."""

from __future__ import annotations

from collections.abc import Callable
from typing import LiteralString

import orjson
import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from api.embedded.urls import DatabaseRole, DatabaseUrls
from migrations.roles import libpq_url
from models import PasswordReset
from services.unit_of_work import transaction
from tests.builders.world import World, made_up_email
from tests.fixtures.mail import MailFault
from tests.fixtures.statements import statements_sent
from tests.services.password_reset.scene import NEW, OLD, ResetScene

ASK, CONFIRM = "/v1/auth/password-reset", "/v1/auth/password-reset/confirm"


@pytest.fixture
def client(scene: ResetScene, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    """Requests at the scene's clock."""
    monkeypatch.setattr("api.http.auth.utcnow", lambda: scene.now)
    return scene.app.test_client()


def known(scene: ResetScene) -> str:
    return scene.person().email


def unknown(_scene: ResetScene) -> str:
    return made_up_email()


def deactivated(scene: ResetScene) -> str:
    person = scene.person()
    scene.set_account(person, active=False)
    return person.email


def patient_with_password(scene: ResetScene) -> str:
    return scene.person("patient").email


def patient_without_password(scene: ResetScene) -> str:
    return scene.clinic.patient().email


def no_address(_scene: ResetScene) -> str:
    return "somebody"


PEOPLE: list[Callable[[ResetScene], str]] = [
    known,
    unknown,
    deactivated,
    patient_with_password,
    patient_without_password,
    no_address,
]


def observable(answer: TestResponse) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.data, headers_of(answer)


def headers_of(answer: TestResponse) -> list[tuple[str, str]]:
    """But for the request's id, drawn anew each time."""
    return sorted(one for one in answer.headers.items() if one[0] != "X-Request-Id")


def test_every_address_is_answered_alike(client: FlaskClient, scene: ResetScene) -> None:
    answers = {observable(client.post(ASK, json={"email": email(scene)}))[:2] for email in PEOPLE}
    assert answers == {(202, b'{"expires_in":1800}')}
    headers = {
        tuple(headers_of(client.post(ASK, json={"email": email(scene)}))) for email in PEOPLE
    }
    assert len(headers) == 1


def test_every_address_costs_the_same_steps(
    app: Flask, client: FlaskClient, scene: ResetScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The time cannot differ by what is done: the very same statements, and no argon2."""

    emails = [email(scene) for email in PEOPLE]
    monkeypatch.setattr("services.accounts.passwords.HASHER", None)
    seen = []
    for email in emails:
        with statements_sent(app) as sent:
            assert client.post(ASK, json={"email": email}).status_code == 202
        seen.append([one.text for one in sent])
    assert len(seen[0]) > 5
    assert all(asked == seen[0] for asked in seen)
    assert not any("users" in statement or "door_" in statement for statement in seen[0])


def test_waiting_is_answered_alike_too(client: FlaskClient, scene: ResetScene) -> None:
    def ask_often(email: str) -> list[int]:
        scene.later(minutes=16)
        return [client.post(ASK, json={"email": email}).status_code for _ in range(21)]

    asked = [ask_often(email(scene)) for email in (known, unknown, deactivated)]
    assert asked[0][-1] == 429
    assert asked[1:] == asked[:1] * 2


def refused_codes(scene: ResetScene) -> dict[str, str]:
    """A code of every kind that is worth nothing."""
    spent = scene.code_for(scene.person())
    scene.confirm(spent)
    left = scene.person()
    of_who_left = scene.code_for(left)
    scene.set_account(left, active=False)
    expired = scene.code_for(scene.person())
    scene.later(minutes=30)
    return {
        "unknown": "00000-00000-00000-00000",
        "no code": "\N{PILE OF POO}",
        "spent": spent,
        "of who left": of_who_left,
        "expired": expired,
    }


def test_every_code_that_is_worth_nothing_is_refused_alike(
    scene: ResetScene, client: FlaskClient
) -> None:
    codes = refused_codes(scene)
    answers = {
        kind: observable(client.post(CONFIRM, json={"code": code, "password": NEW}))
        for kind, code in codes.items()
    }
    assert len(set(map(str, answers.values()))) == 1, answers
    status, body, headers = answers["unknown"]
    assert (status, orjson.loads(body)["code"]) == (409, "invitation_invalid")
    assert ("Content-Type", "application/problem+json") in headers


def test_from_the_first_request_to_the_next_log_in(scene: ResetScene, client: FlaskClient) -> None:
    person = scene.person()
    before = person.headers_at(scene.now)
    assert client.get("/v1/me", headers=before).status_code == 200
    assert client.post(ASK, json={"email": person.email}).status_code == 202
    scene.work()
    (code,) = scene.codes()
    # An easy one spends nothing.
    easy = client.post(CONFIRM, json={"code": code, "password": "password1234"})
    assert (easy.status_code, list(easy.json["errors"])) == (422, ["password"])
    answer = client.post(CONFIRM, json={"code": code, "password": NEW})
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get("/v1/me", headers=before).status_code == 401

    def log_in(password: str) -> int:
        body = {"email": person.email, "password": password}
        return client.post("/v1/auth/login", json=body).status_code

    assert [log_in(OLD), log_in(NEW)] == [401, 200]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ASK, {}, "email"),
        (ASK, {"email": 7}, "email"),
        (ASK, {"email": "x" * 255}, "email"),
        (ASK, {"email": "a@b.test", "clinic": "x"}, "clinic"),
        (CONFIRM, {"password": NEW}, "code"),
        (CONFIRM, {"code": "x"}, "password"),
        (CONFIRM, {"code": "x", "password": "short"}, "password"),
    ],
)
def test_what_is_malformed_is_refused_before_anything_is_counted(
    scene: ResetScene, client: FlaskClient, path: str, body: dict[str, object], field: str
) -> None:
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json["code"]) == (422, "validation_failed")
    assert list(answer.json["errors"]) == [field]
    assert scene.waiting() == 0


def test_a_letter_that_cannot_be_sent_is_late_by_itself(
    scene: ResetScene, client: FlaskClient
) -> None:
    scene.server.fault = MailFault.REFUSE_TEMPORARILY
    scene.ask(scene.person().email)
    scene.work()
    scene.later(minutes=10)
    assert scene.letters()[0].state == "failed_temporarily"
    answer = client.get("/safetyz")
    assert answer.json["late"] == ["no_worker"]
    assert answer.json["unsent_pages"] == {}
    scene.later(minutes=3)
    answer = client.get("/safetyz")
    assert answer.json["late"] == ["no_worker", "letters_unsent"]
    assert answer.json["oldest_letter_s"] >= 720


@pytest.mark.parametrize(
    ("role", "query"),
    [
        ("app", "SELECT count(*) FROM password_reset_requests"),
        ("app", "DELETE FROM password_reset_requests"),
        ("app", "SELECT sealed_code FROM notifications"),
        ("app", "SELECT * FROM notifications"),
        ("app", "UPDATE password_resets SET expires_at = expires_at"),
        ("app", "SELECT * FROM door_forgotten_password('x')"),
        ("worker", "SELECT password_hash FROM users"),
        ("worker", "SELECT * FROM door_account('x')"),
        ("worker", "DELETE FROM password_resets"),
        ("worker", "SELECT code_digest FROM password_resets"),
        ("worker", "DELETE FROM notifications"),
        ("auditor", "SELECT * FROM door_forgotten_password('x')"),
    ],
)
def test_no_role_reads_more_than_its_part_needs(
    database_urls: DatabaseUrls, role: DatabaseRole, query: LiteralString
) -> None:
    with (
        psycopg.connect(libpq_url(database_urls.need(role))) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(query)


def test_a_clinic_sees_no_code_of_another(scene: ResetScene, world: World) -> None:
    scene.code_for(scene.person())
    codes = select(PasswordReset.code_digest)
    with scene.app.app_context():
        with transaction(scene.clinic.id) as session:
            assert len(session.scalars(codes).all()) == 1
        for other in (world.clinic().id, None):
            with transaction(other) as session:
                assert session.scalars(codes).all() == []
