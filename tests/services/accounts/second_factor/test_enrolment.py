"""Enrolling over the API: in two steps, with the password, for oneself alone."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import undefer

from api.http.hold import HEADER
from models import Notification
from services.accounts.invitation_codes import issue_code
from services.accounts.letters import FACTOR_ADDED, FACTOR_REMOVED
from services.accounts.second_factor.enrolment import (
    CONFIRMED_WITHIN,
    confirm_totp,
    remove_totp,
)
from services.accounts.second_factor.proof import Proof
from services.accounts.second_factor.recovery_codes import CODES
from services.clock import utcnow
from services.exceptions import Invalid, RateLimited
from services.unit_of_work import transaction
from tests.builders.accounts.authenticator import code_of, enrol
from tests.builders.browser import PASSWORD, give_password
from tests.builders.calls import at_once, made, post, refused
from tests.builders.stored import audited
from tests.builders.world import ClinicWorld, Person, log_in

TOTP = "/v1/me/totp"
CONFIRM, RENEW = f"{TOTP}/confirm", f"{TOTP}/recovery-codes"
WITH_PASSWORD = {"password": PASSWORD}


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    person = clinic.staff()
    give_password(person)
    return person


def state(client: FlaskClient, person: Person) -> dict[str, Any]:
    return made(client.get(TOTP, headers=person.headers), 200)


def remove(client: FlaskClient, person: Person, **proof: str) -> Any:
    return client.delete(TOTP, json=proof, headers=person.headers)


def another_log_in(person: Person) -> Person:
    with person.app.app_context():
        return log_in(person.app, person.actor.clinic_id, person.user_id, utcnow())


def is_logged_in(client: FlaskClient, person: Person) -> bool:
    return client.get("/v1/me", headers=person.headers).status_code == 200


def letters(app: Any) -> list[str]:
    query = select(Notification).where(Notification.kind == "letter").order_by(Notification.id)
    with app.app_context(), transaction() as session:
        found = session.scalars(query.options(undefer(Notification.sealed_code)))
        return [row.sealed_code or "" for row in found]


def test_a_secret_is_asked_for_once_its_first_code_came(
    client: FlaskClient, worker_app: Any, ada: Person
) -> None:
    assert state(client, ada) == {
        "enabled": False, "enabled_at": None, "recovery_codes_left": 0, "policy": "optional"
    }  # fmt: skip
    begun = made(post(client, ada, WITH_PASSWORD, TOTP))
    assert begun["secret"] in begun["otpauth_uri"]
    words = {"email": ada.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=words).status_code == 200  # not asked yet
    there = another_log_in(ada)
    code = code_of(begun["secret"], utcnow())
    codes = made(post(client, ada, {"code": code}, CONFIRM), 200)["recovery_codes"]
    assert len(codes) == CODES
    assert is_logged_in(client, ada)
    assert not is_logged_in(client, there)
    found = state(client, ada)
    assert (found["enabled"], found["recovery_codes_left"]) == (True, CODES)
    asked = client.post("/v1/auth/login", json=words)
    assert (asked.status_code, asked.json["code"]) == (401, "second_factor_required")
    assert asked.json["factors"] == ["totp", "recovery_code"]
    wrong = client.post("/v1/auth/login", json=words | {"totp": code})
    assert (wrong.status_code, wrong.json["code"]) == (401, "second_factor_required")
    login = client.post("/v1/auth/login", json=words | {"recovery_code": codes[0]})
    assert made(login, 200)["user"]["id"] == str(ada.user_id)
    assert letters(worker_app) == [FACTOR_ADDED]
    actions = audited(ada, str(ada.user_id))
    assert actions[-2:] == ["second_factor_begun", "second_factor_added"]


def test_nothing_of_it_is_shown_again(client: FlaskClient, ada: Person) -> None:
    device = enrol(ada)
    shown = client.get(TOTP, headers=ada.headers).text
    assert device.secret not in shown
    assert not any(code in shown for code in device.recovery_codes)


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        ({}, {"password"}),
        ({"password": "wrong"}, {"password"}),
        ({"totp": "123456"}, {"password"}),
        ({"password": PASSWORD, "totp": "1" * 17}, {"totp"}),
    ],
)
def test_the_password_is_asked_for(
    client: FlaskClient, ada: Person, body: dict[str, str], errors: set[str]
) -> None:
    assert set(refused(post(client, ada, body, TOTP))) == errors
    assert not state(client, ada)["enabled"]


def test_a_wrong_code_or_one_of_a_replaced_secret_enrols_nothing(
    client: FlaskClient, ada: Person
) -> None:
    assert refused(post(client, ada, {"code": "123456"}, CONFIRM)).keys() == {"code"}
    first = made(post(client, ada, WITH_PASSWORD, TOTP))["secret"]
    second = made(post(client, ada, WITH_PASSWORD, TOTP))["secret"]
    for code in (code_of(first, utcnow()), "x"):
        assert refused(post(client, ada, {"code": code}, CONFIRM)).keys() == {"code"}
    made(post(client, ada, {"code": code_of(second, utcnow())}, CONFIRM), 200)


def test_a_secret_waits_for_an_hour(client: FlaskClient, ada: Person) -> None:
    begun = made(post(client, ada, WITH_PASSWORD, TOTP))
    later = utcnow() + CONFIRMED_WITHIN + timedelta(seconds=1)
    with ada.app.app_context(), pytest.raises(Invalid):
        confirm_totp(ada.actor, code_of(begun["secret"], later), later)


def test_of_two_confirmations_at_once_one_shows_codes(client: FlaskClient, ada: Person) -> None:
    secret = made(post(client, ada, WITH_PASSWORD, TOTP))["secret"]
    body = {"code": code_of(secret, utcnow())}
    clients = [ada.app.test_client() for _ in range(3)]
    answers = at_once([partial(post, one, ada, body, CONFIRM) for one in clients])
    assert sorted(answer.status_code for answer in answers) == [200, 422, 422]


def test_a_new_app_replaces_the_old_one_with_a_code_of_it(client: FlaskClient, ada: Person) -> None:
    old = enrol(ada)
    assert refused(post(client, ada, WITH_PASSWORD, TOTP)).keys() == {"totp"}
    wrong = WITH_PASSWORD | {"totp": "000000"}
    assert refused(post(client, ada, wrong, TOTP)).keys() == {"totp"}
    begun = made(post(client, ada, WITH_PASSWORD | {"totp": old.code()}, TOTP))
    # Until the new one has shown a code the old one is asked for.
    words = {"email": ada.email, "password": PASSWORD}
    used = client.post("/v1/auth/login", json=words | {"recovery_code": old.recovery_codes[0]})
    assert used.status_code == 200
    new = code_of(begun["secret"], utcnow())
    codes = made(post(client, ada, {"code": new}, CONFIRM), 200)["recovery_codes"]
    for gone in ({"recovery_code": old.recovery_codes[1]}, {"totp": old.code(steps=1)}):
        assert client.post("/v1/auth/login", json=words | gone).status_code == 401
    again = client.post("/v1/auth/login", json=words | {"recovery_code": codes[1]})
    assert again.status_code == 200


def test_it_is_removed_with_both_proofs_and_logs_the_others_out(
    client: FlaskClient, worker_app: Any, ada: Person
) -> None:
    assert remove(client, ada, password=PASSWORD).status_code == 404
    for kind in ("totp", "recovery_code"):
        device = enrol(ada)
        there = another_log_in(ada)
        code = {kind: device.code() if kind == "totp" else device.recovery_codes[0]}
        for half in ({}, WITH_PASSWORD, code):
            assert refused(client.delete(TOTP, json=half, headers=ada.headers))
            assert refused(post(client, ada, half, RENEW))
        for wrong in (WITH_PASSWORD | {kind: "0" * 16}, {"password": "wrong"} | code):
            assert remove(client, ada, **wrong).status_code == 422
        assert state(client, ada)["enabled"]
        assert remove(client, ada, password=PASSWORD, **code).status_code == 204
        assert not state(client, ada)["enabled"]
        assert state(client, ada)["recovery_codes_left"] == 0
        assert not is_logged_in(client, there)
    words = {"email": ada.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=words).status_code == 200
    assert letters(worker_app) == [FACTOR_ADDED, FACTOR_REMOVED] * 2
    assert audited(ada, str(ada.user_id)).count("second_factor_removed") == 2


def test_recovery_codes_are_made_anew(client: FlaskClient, ada: Person) -> None:
    assert post(client, ada, WITH_PASSWORD, RENEW).status_code == 404
    device = enrol(ada)
    asked = {"password": "wrong", "totp": device.code()}
    assert refused(post(client, ada, asked, RENEW)).keys() == {"password"}
    codes = made(post(client, ada, asked | WITH_PASSWORD, RENEW), 200)["recovery_codes"]
    assert not set(codes) & set(device.recovery_codes)
    words = {"email": ada.email, "password": PASSWORD}
    old, new = device.recovery_codes[0], codes[0]
    assert client.post("/v1/auth/login", json=words | {"recovery_code": old}).status_code == 401
    assert client.post("/v1/auth/login", json=words | {"recovery_code": new}).status_code == 200


def test_own_wrong_proofs_wait(client: FlaskClient, ada: Person) -> None:
    enrol(ada)
    came = [remove(client, ada, password=PASSWORD, totp="000000").status_code for _ in range(6)]
    assert came == [422, 422, 422, 422, 422, 429]
    # Counted apart: the password is still taken.
    moved = {"email": "a@new.example", "password": PASSWORD}
    assert post(client, ada, moved, "/v1/me/email").status_code == 202


def test_guesses_with_a_stolen_log_in_are_as_slow_as_those_with_a_password(ada: Person) -> None:
    enrol(ada)
    now, came = utcnow(), Counter[type[Exception]]()
    with ada.app.app_context():
        for tick in range(75):
            at = now + timedelta(seconds=8 * tick)
            with pytest.raises((Invalid, RateLimited)) as refusal:
                remove_totp(ada.actor, Proof(PASSWORD, totp="000000"), at)
            came[refusal.type] += 1
    assert 5 < came[Invalid] <= 5 + 2 * 10, "in ten minutes"


def test_a_clinic_that_has_none_enrols_nobody(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    body = {"second_factor": "off"}
    made(client.patch("/v1/clinic", json=body, headers=clinic.admin.headers), 200)
    assert post(client, ada, WITH_PASSWORD, TOTP).status_code == 403
    assert state(client, ada)["policy"] == "off"


def test_a_token_that_does_not_hold_enrols_nobody(client: FlaskClient, ada: Person) -> None:
    """Neither a forged one, nor one of a log-in that has ended, nor a refresh token."""
    secret = made(post(client, ada, WITH_PASSWORD, TOTP))["secret"]
    head, claims, _ = ada.headers["Authorization"].split(".")
    refresh = ada.tokens(utcnow())["refresh_token"]
    gone = another_log_in(ada)
    assert client.post("/v1/auth/logout", headers=gone.headers).status_code == 204
    code = {"code": code_of(secret, utcnow())}
    for header in (
        f"{head}.{claims}.{'A' * 43}", f"Bearer {refresh}", gone.headers["Authorization"], ""
    ):  # fmt: skip
        headers = {"Authorization": header}
        assert client.post(TOTP, json=WITH_PASSWORD, headers=headers).status_code == 401
        assert client.post(CONFIRM, json=code, headers=headers).status_code == 401
        assert client.delete(TOTP, json=WITH_PASSWORD, headers=headers).status_code == 401
    assert not state(client, ada)["enabled"]


def test_a_code_of_another_account_proves_nothing(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    ben = clinic.staff()
    give_password(ben)
    his, _ = enrol(ben), enrol(ada)
    for code in ({"totp": his.code()}, {"recovery_code": his.recovery_codes[0]}):
        assert refused(client.delete(TOTP, json=WITH_PASSWORD | code, headers=ada.headers))


def test_a_wrong_code_is_answered_a_second_after_it_came(client: FlaskClient, ada: Person) -> None:
    """As a wrong password is, whoever has the account; to be asked for a code costs no wait."""
    enrol(ada)
    words = {"email": ada.email, "password": PASSWORD}
    for more, waits in (({}, None), ({"totp": "000000"}, "1.0"), ({"password": "x"}, "1.0")):
        answer = client.post("/v1/auth/login", json=words | more)
        assert (answer.status_code, answer.headers.get(HEADER)) == (401, waits)


def test_a_new_address_is_asked_for_with_either(client: FlaskClient, ada: Person) -> None:
    device = enrol(ada)
    asks = partial(post, client, ada, path="/v1/me/email")
    assert refused(asks({"email": "a@new.example"})).keys() == {"password"}
    wrong = {"email": "a@new.example", "totp": "000000"}
    assert refused(asks(wrong)).keys() == {"totp"}
    both = {"email": "a@new.example", "totp": device.code(), "password": PASSWORD}
    assert refused(asks(both)).keys() == {"password"}
    assert asks({"email": "a@new.example", "totp": device.code()}).status_code == 202
    assert asks({"email": "b@new.example", "password": PASSWORD}).status_code == 202


def test_a_code_that_was_out_beside_the_accepted_one_opens_nothing(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    """Two invitations of one person who waited for one: the second asks for no factor."""
    email = "ida-quagga@clinic.example"
    form = {"email": email, "name": "Ida Quagga", "roles": ["on_call"]}
    first = made(post(client, clinic.admin, form, "/v1/invitations"))
    with clinic.app.app_context(), transaction(clinic.id) as session:
        whose = UUID(first["user_id"])
        code, _ = issue_code(session, clinic.id, whose, clinic.admin.user_id, utcnow())
    words = {"password": PASSWORD}
    tokens = made(client.post("/v1/invitations/accept", json=words | {"code": first["code"]}))
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    begun = made(client.post(TOTP, json=WITH_PASSWORD, headers=bearer))
    now_right = {"code": code_of(begun["secret"], utcnow())}
    made(client.post(CONFIRM, json=now_right, headers=bearer), 200)
    late = client.post("/v1/invitations/accept", json=words | {"code": code})
    assert refused(late, 409) == {"code": "invitation_invalid"}
