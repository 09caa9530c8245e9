"""One's own log-ins: where each was made, and an end to strange ones from their next request on."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.clock import utcnow
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.calls import made, post
from tests.builders.pages.console import Console
from tests.builders.stored import audited
from tests.builders.world import ClinicWorld, Person

SESSIONS = "/v1/me/sessions"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
AGENTS = [
    (FIREFOX, "Firefox on Linux"),
    (
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/126.0.0.0 Mobile Safari/537.36",
        "Chrome on Android",
    ),
    (
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15"
        " (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
        "Safari on iPhone",
    ),
    (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
        " Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
        "Edge on Windows",
    ),
    ("InterludeApp/2.1 (iPad)", "iPad"),
    ("quagga <script>", None),
    ("", None),
]


@pytest.fixture
def ada(clinic: ClinicWorld) -> Person:
    person = clinic.staff()
    give_password(person)
    return person


def log_in(client: FlaskClient, person: Person, agent: str = "") -> dict[str, str]:
    words = {"email": person.email, "password": PASSWORD}
    headers = {"User-Agent": agent}
    token = made(client.post("/v1/auth/login", json=words, headers=headers), 200)["access_token"]
    return {"Authorization": f"Bearer {token}"}


def sessions(client: FlaskClient, headers: dict[str, str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made(client.get(SESSIONS, headers=headers), 200)["items"]
    return found


@pytest.mark.parametrize(("agent", "device"), AGENTS)
def test_a_log_in_is_known_by_kind_of_browser_and_system(
    client: FlaskClient, ada: Person, agent: str, device: str | None
) -> None:
    here = log_in(client, ada, agent)
    newest = sessions(client, here)[0]
    assert (newest["kind"], newest["device"], newest["current"]) == ("phone", device, True)


def test_each_says_where_it_was_made(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    Console(app).log_in(ada)
    Browser(app, open_alert(client, clinic.patient())).log_in(ada)
    kinds = [one["kind"] for one in sessions(client, log_in(client, ada, FIREFOX))]
    assert kinds == ["phone", "alert_page", "console", "phone"]


def test_one_ends_from_its_next_request_on(client: FlaskClient, ada: Person) -> None:
    there, here = log_in(client, ada), log_in(client, ada)
    assert client.get("/v1/me", headers=there).status_code == 200
    other = next(one["id"] for one in sessions(client, there) if one["current"])
    assert client.delete(f"{SESSIONS}/{other}", headers=here).status_code == 204
    assert client.get("/v1/me", headers=there).status_code == 401
    assert client.delete(f"{SESSIONS}/{other}", headers=here).status_code == 404


def test_all_others_end_at_once(app: Flask, client: FlaskClient, ada: Person) -> None:
    console = Console(app)
    console.log_in(ada)
    there, here = log_in(client, ada), log_in(client, ada)
    refresh = ada.tokens(utcnow())["refresh_token"]
    assert client.delete(SESSIONS, headers=here).status_code == 204
    assert [one["current"] for one in sessions(client, here)] == [True]
    for ended in (there, ada.headers):
        assert client.get("/v1/me", headers=ended).status_code == 401
    assert console.open("/today").status_code == 401
    again = client.post("/v1/auth/refresh", headers={"Authorization": f"Bearer {refresh}"})
    assert again.status_code == 401
    assert audited(ada, str(ada.user_id))[-1] == "other_devices_ended"


def test_nobody_ends_those_of_another(
    client: FlaskClient, clinic: ClinicWorld, ada: Person
) -> None:
    ben, pat = clinic.staff(), clinic.patient()
    for other in (ben, pat, clinic.admin):
        path = f"{SESSIONS}/{ada.actor.family_id}"
        assert client.delete(path, headers=other.headers).status_code == 404
        assert client.delete(SESSIONS, headers=other.headers).status_code == 204
    assert client.get("/v1/me", headers=ada.headers).status_code == 200


def test_a_new_password_ends_the_others(client: FlaskClient, ada: Person) -> None:
    there, here = log_in(client, ada), ada
    new = {"old_password": PASSWORD, "new_password": "another horse battery quagga"}
    assert post(client, here, new, "/v1/me/password").status_code == 204
    assert client.get("/v1/me", headers=there).status_code == 401
    assert client.get("/v1/me", headers=here.headers).status_code == 200
