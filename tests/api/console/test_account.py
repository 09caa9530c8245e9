"""My account in the console: a second factor without scripts, and where one is logged in."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.accounts.authenticator import code_of, enrol
from tests.builders.browser import PASSWORD, give_password
from tests.builders.pages.console import Console
from tests.builders.world import ClinicWorld, Person

FACTOR = "/account/second-factor"
CODES = re.compile(r"<li><code>(\d{4}-\d{4}-\d{4}-\d{4})</code></li>")


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    person = clinic.staff()
    give_password(person)
    return person


@pytest.fixture
def console(app: Flask, ada: Person) -> Console:
    found = Console(app)
    found.log_in(ada, to="/account")
    return found


def secret_in(console: Console) -> str:
    return re.findall(r'name="secret" value="([A-Z2-7]{32})"', console.page)[0]


def test_an_app_is_added_with_a_picture_and_its_first_code(
    app: Flask, client: FlaskClient, console: Console, ada: Person
) -> None:
    assert "Your password alone opens your account" in console.text
    assert console.send(FACTOR, password="wrong").status_code == 422
    assert "Not your present password" in console.text
    assert console.send(FACTOR, password=PASSWORD).status_code == 200
    secret = secret_in(console)
    assert 'class="qr"' in console.page
    link = html.unescape(re.findall(r'href="(otpauth://[^"]+)"', console.page)[0])
    assert f"secret={secret}" in link
    assert console.send(f"{FACTOR}/confirm", code="000000", secret=secret).status_code == 422
    assert "Not a code of this secret" in console.text
    assert secret_in(console) == secret
    sent = {"code": code_of(secret, utcnow()), "secret": secret}
    assert console.send(f"{FACTOR}/confirm", **sent).status_code == 200
    codes = CODES.findall(console.page)
    assert len(set(codes)) == 10
    assert client.get("/v1/me", headers=ada.headers).status_code == 401  # other log-ins end
    console.open("/account")
    assert not CODES.findall(console.page)
    assert "Recovery codes left: 10" in console.text
    there = Console(app)
    there.open("")
    words = {"email": ada.email, "password": PASSWORD, "wanted": "/account"}
    assert there.send("/log-in", **words).status_code == 401
    assert there.send("/log-in", totp=codes[0], **words).status_code == 200
    assert "Recovery codes left: 9" in there.text


@pytest.mark.parametrize("carried", ["", "JBSWY3DP", "javascript:alert(1)", "<b>" * 11, "A" * 33])
def test_a_wrong_code_without_its_secret_says_so(console: Console, carried: str) -> None:
    console.send(FACTOR, password=PASSWORD)
    assert console.send(f"{FACTOR}/confirm", code="000000", secret=carried).status_code == 422
    assert "Not a code of this secret" in console.text
    assert "otpauth:" not in console.page
    assert not carried or carried not in console.page


def test_it_is_removed_and_codes_made_with_both_proofs(
    app: Flask, console: Console, ada: Person
) -> None:
    console.send(FACTOR, password=PASSWORD)
    secret = secret_in(console)
    now = utcnow()
    console.send(f"{FACTOR}/confirm", code=code_of(secret, now), secret=secret)
    first = CODES.findall(console.page)
    renew, remove = f"{FACTOR}/recovery-codes", f"{FACTOR}/remove"
    assert console.send(renew).status_code == 422
    assert console.send(renew, password=PASSWORD, totp="000000").status_code == 422
    assert "The code is wrong" in console.text
    assert console.send(renew, totp=first[0]).status_code == 422
    assert console.send(renew, password=PASSWORD, totp=first[0]).status_code == 200
    second = CODES.findall(console.page)
    assert not set(first) & set(second)
    assert console.send(remove, password="wrong", totp=second[0]).status_code == 422
    assert console.send(remove, password=PASSWORD).status_code == 422
    assert "A code of the present second factor is asked for, too." in console.text
    assert console.send(remove, password=PASSWORD, totp=second[0]).status_code == 200
    assert "your password alone is asked for" in console.text
    token = console.token()
    gone = console.post(remove, {"csrf": token, "password": PASSWORD})
    assert (gone.status_code, "nothing to do" in console.text) == (409, True)


def test_what_is_pressed_twice_is_done_once_and_says_so(
    app: Flask, clinic: ClinicWorld, console: Console, ada: Person
) -> None:
    there = Console(app)
    there.log_in(ada)
    console.open("/account")
    token = {"csrf": console.token()}
    end = next(action for action in console.forms() if action.endswith("/end"))
    assert console.post(end, token, follow=True).status_code == 200
    assert console.post(end, token).status_code == 404
    for _ in range(2):
        assert console.post("/account/sessions/end-others", token, follow=True).status_code == 200
    begins = []
    for _ in range(2):
        console.post(FACTOR, token | {"password": PASSWORD})
        begins.append(secret_in(console))
    older, newest = begins
    confirm, sent = f"{FACTOR}/confirm", {"code": code_of(newest, utcnow()), "secret": newest}
    stale = token | {"code": code_of(older, utcnow()), "secret": older}
    assert console.post(confirm, stale).status_code == 422
    assert console.post(confirm, token | sent).status_code == 200
    first = CODES.findall(console.page)
    assert console.post(confirm, token | sent).status_code == 422
    assert "make recovery codes if it is on" in console.text
    assert "otpauth:" not in console.page
    assert "Recovery codes left: 10" in console.text
    renew, proof = f"{FACTOR}/recovery-codes", token | {"password": PASSWORD, "totp": first[0]}
    assert console.post(renew, proof).status_code == 200
    second = CODES.findall(console.page)
    assert not set(first) & set(second)
    assert console.post(renew, proof).status_code == 422
    assert "Recovery codes left: 10" in console.text


def test_another_app_takes_a_code_of_the_present_one(app: Flask, ada: Person) -> None:
    device = enrol(ada)
    console = Console(app)
    console.open("/account")
    words = {"email": ada.email, "password": PASSWORD, "wanted": "/account"}
    console.send("/log-in", totp=device.code(), **words)
    assert console.send(FACTOR, password=PASSWORD).status_code == 422
    assert "A code of the present second factor" in console.text
    assert console.send(FACTOR, password=PASSWORD, totp=device.recovery_codes[0]).status_code == 200
    assert secret_in(console) != device.secret


def test_log_ins_are_listed_and_ended(
    app: Flask, client: FlaskClient, console: Console, ada: Person
) -> None:
    there = Console(app)
    there.client.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Android 14; Mobile) Firefox/130.0"
    there.log_in(ada)
    console.open("/account")
    assert "Console, Firefox on Android" in console.text
    end = next(action for action in console.forms() if action.endswith("/end"))
    assert console.send(end).status_code == 200
    assert "That log-in has ended" in console.text
    assert there.open("/today").status_code == 401
    there.log_in(ada)
    console.open("/account")
    assert console.send("/account/sessions/end-others").status_code == 200
    assert there.open("/today").status_code == 401
    assert client.get("/v1/me", headers=ada.headers).status_code == 401
    assert "End all others" not in console.text


def test_an_administrator_takes_a_lost_one_away(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    enrol(ada)
    console = Console(app)
    console.log_in(clinic.admin, to=f"/clinic/staff/{ada.user_id}")
    reset = f"/clinic/staff/{ada.user_id}/reset-factor"
    older = console.hidden(reset)
    assert console.send(reset).status_code == 200
    words = {"email": ada.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=words).status_code == 200
    assert reset not in console.forms()
    assert console.post(reset, older).status_code == 409
    assert "no second factor" in console.text


def test_the_list_of_staff_says_who_has_one_since_when(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    enrol(ada)
    since = f"since {utcnow():%Y-%m-%d}"
    console = Console(app)
    console.log_in(clinic.admin, to="/clinic/staff")
    assert console.text.count(since) == 1
    assert "none" in console.text
    listed = client.get("/v1/users", headers=clinic.admin.headers).json["items"]
    has = {one["id"]: one["second_factor_at"] is not None for one in listed}
    assert has == {str(ada.user_id): True, str(clinic.admin.user_id): False}
    others = client.get("/v1/users", headers=clinic.staff().headers).json["items"]
    assert all("second_factor_at" not in one for one in others)


def test_a_clinic_that_has_none_offers_none(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, console: Console
) -> None:
    body = {"second_factor": "off"}
    client.patch("/v1/clinic", json=body, headers=clinic.admin.headers)
    console.open("/account")
    assert FACTOR not in console.forms()
    assert "switched second factors off" in console.text


def test_a_secret_is_not_carried_through_a_log_in(
    app: Flask, console: Console, ada: Person
) -> None:
    """What was typed is; who logs in next at this workstation reads no secret in the page."""
    console.open("/account")
    console.send(FACTOR, password=PASSWORD)
    secret, there = secret_in(console), Console(app)
    there.log_in(ada, to="/account")
    there.send("/account/sessions/end-others")
    asked = console.send(f"{FACTOR}/confirm", code="123456", secret=secret)
    assert asked.status_code == 401
    assert secret not in console.page
