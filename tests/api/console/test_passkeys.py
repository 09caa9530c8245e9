"""Passkeys in the console and at an alert: a script fills their forms in, and is played here."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.accounts.software_key import SoftwareKey, known_by_name
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.pages.console import Console
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person

KEYS = "/account/passkeys"
FACTOR = "/account/second-factor"
OPTIONS = re.compile(r'data-options="([^"]+)"')
CODES = re.compile(r"<li><code>(\d{4}-\d{4}-\d{4}-\d{4})</code></li>")


@pytest.fixture(autouse=True)
def _named(app: Flask) -> Iterator[None]:
    with known_by_name(app):
        yield


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    person = clinic.staff("on_call")
    give_password(person)
    return person


@pytest.fixture
def console(app: Flask, ada: Person) -> Console:
    found = Console(app)
    found.log_in(ada, to="/account")
    return found


def asked(page: str) -> dict[str, Any]:
    """What the script would read of its button."""
    found = json.loads(html.unescape(OPTIONS.findall(page)[0]))
    assert isinstance(found, dict)
    return found


def add(console: Console, key: SoftwareKey, name: str = "Blue key", **proof: str) -> list[str]:
    assert console.send(KEYS, password=PASSWORD, **proof).status_code == 200, console.text
    made = json.dumps(key.make(asked(console.page)))
    assert console.send(f"{KEYS}/confirm", name=name, passkey=made).status_code == 200
    return CODES.findall(console.page)


def prove(console: Console, key: SoftwareKey) -> str:
    """What the script asks for with a token of the page, and sends with the form."""
    sent = {"csrf": console.token()}
    answer = console.client.post(
        f"/console{KEYS}/challenge",
        data=sent,
        headers={"Origin": "http://localhost"},
        base_url="http://localhost",
    )
    assert answer.status_code == 200
    return json.dumps(key.sign(answer.get_json()))


def test_a_passkey_is_added_used_and_removed(app: Flask, console: Console, ada: Person) -> None:
    assert "to this address alone" in console.text
    assert console.send(KEYS, password="wrong").status_code == 422
    assert "Not your present password" in console.text
    key = SoftwareKey()
    codes = add(console, key, "Blue <key>")
    assert len(codes) == 10
    console.open("/account")
    assert "Blue &lt;key&gt;" in console.page
    assert "not used yet" in console.text
    assert "Recovery codes left: 10" in console.text
    there = Console(app)
    there.open("/account")
    words = {"email": ada.email, "password": PASSWORD, "wanted": "/account"}
    assert there.send("/log-in", **words).status_code == 401
    assert "Please use your passkey" in there.text
    stale = json.dumps(key.sign(asked(there.page), origin="https://login.example"))
    assert there.send("/log-in", passkey=stale, **words).status_code == 401
    assert "This passkey does not open your account" in there.text
    right = json.dumps(key.sign(asked(there.page)))
    assert there.send("/log-in", passkey=right, **words).status_code == 200
    assert "last used" in there.text
    (remove,) = [action for action in there.forms() if action.endswith("/remove")]
    assert there.send(remove).status_code == 422
    assert there.send(remove, password=PASSWORD).status_code == 422
    sent = {"password": PASSWORD, "passkey": prove(there, key)}
    assert there.send(remove, **sent).status_code == 200
    assert "your password alone is asked for" in there.text
    assert there.post(remove, {"csrf": there.token(), "password": PASSWORD}).status_code == 404


def test_beside_an_app_and_a_second_one(console: Console, ada: Person) -> None:
    key, other = SoftwareKey(), SoftwareKey()
    add(console, key)
    console.open("/account")
    assert console.send(KEYS, password=PASSWORD).status_code == 422
    assert add(console, other, "Phone", passkey=prove(console, key)) == []
    assert "is asked for from now on" in console.text
    sent = {"password": PASSWORD, "passkey": prove(console, other)}
    console.send(f"{FACTOR}/recovery-codes", **sent)
    assert CODES.findall(console.page)
    console.open("/account")
    console.send(FACTOR, password=PASSWORD, passkey=prove(console, key))
    assert 'class="qr"' in console.page
    console.open("/account")
    first = next(action for action in console.forms() if action.endswith("/remove"))
    console.send(first, password=PASSWORD, passkey=prove(console, key))
    assert "it opens nothing any more" in console.text


@pytest.mark.parametrize("sent", ["", "{", "[]", "{}", "[" * 20_000, '{"id": null}'])
def test_what_is_no_answer_adds_and_opens_nothing(
    app: Flask, console: Console, ada: Person, sent: str
) -> None:
    console.send(KEYS, password=PASSWORD)
    assert console.send(f"{KEYS}/confirm", name="x", passkey=sent).status_code == 422
    console.open("/account")
    console.send(KEYS, password=PASSWORD)
    named = json.dumps(SoftwareKey().make(asked(console.page)))
    assert console.send(f"{KEYS}/confirm", name="", passkey=named).status_code == 422
    assert not rows(ada, "SELECT id FROM passkeys")


def test_an_alert_is_opened_by_a_passkey_and_its_page_has_no_script(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, console: Console, ada: Person
) -> None:
    key, patient = SoftwareKey(), clinic.patient()
    add(console, key)
    browser = Browser(app, open_alert(client, patient))
    assert "<script" not in browser.open().text
    page = browser.log_in(ada)
    assert page.status_code == 401
    assert '<script src="/a/passkeys.js">' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    script = browser.client.get("/a/passkeys.js")
    assert (script.status_code, script.mimetype) == (200, "text/javascript")
    right = json.dumps(key.sign(asked(page.text)))
    shown = browser.send("log-in", email=ada.email, password=PASSWORD, passkey=right)
    assert patient.name in browser.text
    assert "<script" not in shown.text
    assert "script-src" not in shown.headers["Content-Security-Policy"]


def test_where_the_server_has_no_name_it_says_so(app: Flask, console: Console, ada: Person) -> None:
    add(console, SoftwareKey())
    with known_by_name(app, ""):
        console.open("/account")
        assert "INTERLUDE_PUBLIC_URL" in console.text
        assert KEYS not in console.forms()
        there = Console(app)
        there.open("/account")
        assert there.send("/log-in", email=ada.email, password=PASSWORD).status_code == 401
        assert "Please add the code" in there.text
        assert "data-passkey" not in there.page


def test_an_answer_is_carried_through_no_log_in_form(
    app: Flask, console: Console, ada: Person
) -> None:
    console.send(KEYS, password=PASSWORD)
    token = console.token()
    console.send("/log-out")
    ended = console.post(f"{KEYS}/confirm", {"csrf": token, "name": "x", "passkey": "okapi"})
    assert ended.status_code in (400, 401, 403)
    assert "okapi" not in console.page
