"""A clinic that requires a second factor: who has none enrols first; alerts stay reachable."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.accounts.authenticator import code_of, enrol
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.pages.console import Console
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, Person, World

ID = "0197b0a0-0000-7000-8000-000000000000"
FACTOR = "/account/second-factor"
# What answers whoever has to enrol, of all that is read.
ANSWERS = {
    "/v1/me",
    "/v1/me/totp",
    "/v1/me/passkeys",
    "/v1/me/sessions",
    "/v1/alerts",
    f"/v1/alerts/{ID}",
    # About nobody.
    "/v1/instruments",
    "/v1/instruments/x",
    "/v1/side-effects/codes",
}


@pytest.fixture
def strict(client: FlaskClient, clinic: ClinicWorld) -> ClinicWorld:
    require(client, clinic)
    return clinic


def require(client: FlaskClient, clinic: ClinicWorld) -> None:
    body = {"second_factor": "required"}
    found = made(client.patch("/v1/clinic", json=body, headers=clinic.admin.headers), 200)
    assert found["second_factor"] == "required"


def staff(clinic: ClinicWorld, *roles: str) -> Person:
    person = clinic.staff(*roles)
    give_password(person)
    return person


def log_in(client: FlaskClient, person: Person, **factor: str) -> dict[str, Any]:
    words = {"email": person.email, "password": PASSWORD} | factor
    return made(client.post("/v1/auth/login", json=words), 200)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def reads_of(app: Flask) -> list[str]:
    """What is read with a token, with an id where an address takes one."""
    return [
        re.sub(r"<(?:(\w+):)?\w+>", lambda m: ID if m[1] == "uuid" else "x", rule.rule)
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or ())
        and rule.rule.startswith("/v1/")
        and not getattr(app.view_functions[rule.endpoint], "is_public", False)
    ]


def test_nothing_but_the_account_and_alerts_answers(
    app: Flask, client: FlaskClient, strict: ClinicWorld
) -> None:
    login = log_in(client, staff(strict, "clinician", "on_call", "admin"))
    assert login["user"]["must_enrol"] is True
    headers = bearer(login["access_token"])
    answered = {
        path for path in reads_of(app) if client.get(path, headers=headers).status_code != 403
    }
    assert answered == ANSWERS
    refused = client.patch("/v1/clinic", json={"second_factor": "off"}, headers=headers)
    assert (refused.status_code, refused.json["code"]) == (403, "forbidden")
    assert "add one to your account first" in refused.json["detail"]


def test_enrolling_opens_everything_with_the_next_refresh(
    client: FlaskClient, strict: ClinicWorld
) -> None:
    login = log_in(client, staff(strict))
    headers = bearer(login["access_token"])
    body = {"password": PASSWORD}
    secret = made(client.post("/v1/me/totp", json=body, headers=headers))["secret"]
    code = {"code": code_of(secret, utcnow())}
    made(client.post("/v1/me/totp/confirm", json=code, headers=headers), 200)
    assert client.get("/v1/patients", headers=headers).status_code == 403
    pair = made(client.post("/v1/auth/refresh", headers=bearer(login["refresh_token"])), 200)
    assert client.get("/v1/patients", headers=bearer(pair["access_token"])).status_code == 200
    # What is required is replaced, not removed.
    gone = client.delete("/v1/me/totp", json=body, headers=bearer(pair["access_token"]))
    assert gone.status_code == 403


def test_it_holds_for_who_is_logged_in_from_the_next_refresh(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    without, with_one = staff(clinic), staff(clinic)
    device = enrol(with_one)
    pairs = [log_in(client, without), log_in(client, with_one, totp=device.code())]
    require(client, clinic)
    again = [
        made(client.post("/v1/auth/refresh", headers=bearer(pair["refresh_token"])), 200)
        for pair in pairs
    ]
    statuses = [
        client.get("/v1/patients", headers=bearer(pair["access_token"])).status_code
        for pair in again
    ]
    assert statuses == [403, 200]


def test_patients_are_asked_for_nothing(
    client: FlaskClient, strict: ClinicWorld, world: World
) -> None:
    patient = strict.patient()
    give_password(patient)
    login = log_in(client, patient)
    assert "must_enrol" not in login["user"]
    sent = client.post("/v1/check-ins", json=phq9(3), headers=bearer(login["access_token"]))
    assert sent.status_code == 201
    assert rows(patient, "SELECT family FROM alerts")


def test_an_alert_is_reachable_at_night(
    app: Flask, client: FlaskClient, strict: ClinicWorld
) -> None:
    nurse, patient = staff(strict, "on_call"), strict.patient()
    alert_id = open_alert(client, patient)
    browser = Browser(app, alert_id)
    browser.log_in(nurse)
    assert patient.name in browser.text
    browser.send("acknowledge")
    assert rows(patient, "SELECT status FROM alerts")[0]["status"] == "acknowledged"
    headers = bearer(log_in(client, nurse)["access_token"])
    shown = made(client.get(f"/v1/alerts/{alert_id}", headers=headers), 200)
    assert shown["evidence"]


def test_the_console_leads_to_the_account_and_on_from_there(
    app: Flask, client: FlaskClient, strict: ClinicWorld
) -> None:
    ada = staff(strict)
    console = Console(app)
    console.log_in(ada, to="/today")
    assert console.shown is not None
    assert console.shown.request.path == "/console/account"
    assert "Your clinic asks for a second factor" in console.text
    assert 'href="/console/today"' not in console.page
    assert console.open("/alerts").status_code == 200
    console.open("/account")
    assert console.post("/new-patient", {"csrf": console.token()}).status_code == 403
    console.open("/account")
    console.send(FACTOR, password=PASSWORD)
    (secret,) = re.findall(r'name="secret" value="(\w+)"', console.page)
    console.send(f"{FACTOR}/confirm", code=code_of(secret, utcnow()), secret=secret)
    assert "Your recovery codes" in console.text
    assert console.open("/today").request.path == "/console/today"
    assert console.open("").request.path == "/console/today"


def test_it_holds_for_an_open_console_from_the_next_page(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    """All that is no alert asks for it; what was set back is asked for no more."""
    without, with_one, patient = staff(clinic), staff(clinic), clinic.patient()
    alert_id, device = open_alert(client, patient), enrol(with_one)
    consoles = [Console(app), Console(app)]
    consoles[0].log_in(without, to="/today")
    consoles[1].log_in(with_one, to="/today")
    consoles[1].send("/log-in", email=with_one.email, password=PASSWORD, totp=device.code())
    browser = Browser(app, alert_id)
    browser.log_in(without)

    def shown(path: str) -> list[str]:
        return [console.open(path).request.path for console in consoles]

    assert shown("/today") == ["/console/today"] * 2
    require(client, clinic)
    assert shown("/today") == ["/console/account", "/console/today"]
    assert shown("") == ["/console/account", "/console/today"]
    assert "Your clinic asks for a second factor" in consoles[0].text
    assert 'href="/console/today"' not in consoles[0].page
    token = consoles[0].token()
    assert consoles[0].post("/new-patient", {"csrf": token}).status_code == 403
    for path in ("/alerts", f"/alerts/{alert_id}"):
        assert shown(path) == [f"/console{path}"] * 2
    sent = consoles[0].post(f"/alerts/{alert_id}/acknowledge", {"csrf": token})
    assert sent.status_code in (200, 303)
    assert rows(patient, "SELECT status FROM alerts")[0]["status"] == "acknowledged"
    browser.send("note", text="called")
    assert "called" in browser.text
    back = {"second_factor": "optional"}
    made(client.patch("/v1/clinic", json=back, headers=clinic.admin.headers), 200)
    assert shown("/today") == ["/console/today"] * 2


def test_an_administrator_who_requires_it_enrols_too(
    client: FlaskClient, strict: ClinicWorld
) -> None:
    give_password(strict.admin)
    login = log_in(client, strict.admin)
    assert login["user"]["must_enrol"] is True
    assert post(client, strict.admin, {}, "/v1/auth/logout").status_code == 204
