"""The way onto the alert page: one log-in for every id, and nothing that another site could use."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from api.settings import Settings
from models.database import db
from tests.builders.accounts.authenticator import enrol
from tests.builders.alerts import open_alert
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.stored import audited, rows
from tests.builders.world import ClinicWorld, World

OWN = {"Origin": "http://localhost"}


def without_tokens(text: str) -> str:
    return re.sub(r'(value|action)="[^"]*"', "", text)


def cookie_of(browser: Browser, name: str):
    return browser.client.get_cookie(name, path="/a")


def test_a_known_an_unknown_and_a_malformed_id_show_the_same_log_in(
    client: FlaskClient, clinic: ClinicWorld
):
    shown = [
        client.get(f"/a/{id_}")
        for id_ in (open_alert(client, clinic.patient()), uuid4(), "no-id", "%3Cscript%3E")
    ]
    assert {page.status_code for page in shown} == {200}
    assert len({without_tokens(page.text) for page in shown}) == 1
    assert "Log in" in shown[0].text
    assert "<script>" not in shown[3].text


def test_opening_the_link_spends_nothing(client: FlaskClient, clinic: ClinicWorld):
    alert_id = open_alert(client, clinic.patient())
    before = rows(clinic.admin, "SELECT * FROM alerts"), audited(clinic.admin, alert_id)
    for _ in range(3):
        assert client.get(f"/a/{alert_id}").status_code == 200
        assert client.head(f"/a/{alert_id}").status_code == 200
    assert (rows(clinic.admin, "SELECT * FROM alerts"), audited(clinic.admin, alert_id)) == before


def test_after_the_log_in_an_unknown_id_is_404_and_so_is_a_strangers(
    app: Flask, client: FlaskClient, world: World
):
    clinic, other = world.clinic(), world.clinic()
    staff = clinic.staff()
    for alert_id in (str(uuid4()), "no-id", open_alert(client, other.patient())):
        browser = Browser(app, alert_id)
        page = browser.log_in(staff)
        assert page.status_code == 404
        assert "Nothing here" in page.text
    patient = clinic.patient()
    browser = Browser(app, open_alert(client, patient))
    assert browser.log_in(patient).status_code == 404


def test_every_answer_forbids_scripts_frames_caching_and_referrers(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    browser = Browser(app, open_alert(client, clinic.patient()))
    answers = [browser.open(), browser.log_in(clinic.staff()), browser.post("note", {}, OWN)]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "<script" not in answer.text
        assert " on" + "click" not in answer.text
        assert " style=" not in answer.text  # the policy would drop it


def test_the_style_is_the_one_that_the_policy_allows(client: FlaskClient):
    page = client.get(f"/a/{uuid4()}")
    style = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["Content-Security-Policy"]


def test_browsers_are_allowed_to_name_the_origin_of_a_form(client: FlaskClient):
    """With no referrer at all they would send `Origin: null`, and no form would pass."""
    assert '<meta name="referrer" content="same-origin">' in client.get(f"/a/{uuid4()}").text


def test_the_session_cookie_is_for_this_page_only(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    browser = Browser(app, open_alert(client, clinic.patient()))
    browser.log_in(clinic.staff())
    for name in ("interlude_page", "interlude_form"):
        cookie = cookie_of(browser, name)
        assert cookie is not None
        assert (cookie.http_only, cookie.same_site, cookie.path) == (True, "Lax", "/a")
        assert cookie.secure is False
        assert cookie.expires is None
    session = cookie_of(browser, "interlude_page").value
    headers = {"Cookie": f"interlude_page={session}"}
    assert client.get("/v1/me", headers=headers).status_code == 401
    bearer = {"Authorization": f"Bearer {session}"}
    assert client.get("/v1/me", headers=bearer).status_code == 401


def test_over_https_the_cookies_are_secure(app: Flask, clinic: ClinicWorld, client: FlaskClient):
    alert_id = open_alert(client, clinic.patient())
    made = create_app(replace(app.config["INTERLUDE"], public_url="https://interlude.test"))
    browser = Browser(made, alert_id, "https://interlude.test")
    assert browser.log_in(clinic.staff()).status_code == 200
    assert "interlude_page" in str(browser.client._cookies)
    for name in ("interlude_page", "interlude_form"):
        cookie = browser.client.get_cookie(name, domain="interlude.test", path="/a")
        assert cookie is not None
        assert cookie.secure is True
    behind_a_proxy = browser.post("log-out", {"csrf": browser.forms()["log-out"]}, OWN)
    assert behind_a_proxy.status_code == 403
    with made.app_context():
        db.engine.dispose()


def proxied(service: Any, prefix: str) -> Any:
    """The service behind a proxy that ends TLS and takes the path away."""

    def call(environ: dict[str, Any], start_response: Any) -> Any:
        path = environ["PATH_INFO"]
        assert path.startswith(f"{prefix}/a/")
        local = {"HTTP_HOST": "127.0.0.1:8000", "wsgi.url_scheme": "http"}
        return service({**environ, **local, "PATH_INFO": path.removeprefix(prefix)}, start_response)

    return call


@pytest.mark.parametrize(
    ("given", "origin", "prefix"),
    [
        ("https://Interlude.Test:443", "https://interlude.test", ""),
        ("https://b\u00fccher.test", "https://xn--bcher-kva.test", ""),
        ("https://interlude.test:8443", "https://interlude.test:8443", ""),
        ("https://interlude.test/Ward/in/", "https://interlude.test", "/Ward/in"),
    ],
)
def test_one_can_log_in_at_each_form_of_the_public_url(
    app: Flask, clinic: ClinicWorld, client: FlaskClient, given: str, origin: str, prefix: str
):
    alert_id, before = open_alert(client, clinic.patient()), app.config["INTERLUDE"]
    environ = {
        "INTERLUDE_SECRET_KEY": before.secret_key,
        "INTERLUDE_DATA_DIR": str(before.data_dir),
        "INTERLUDE_PUBLIC_URL": given,
    }
    public_url = Settings.from_environ(environ).public_url
    made = create_app(replace(before, public_url=public_url))
    made.wsgi_app = proxied(made.wsgi_app, prefix)  # type: ignore[method-assign]
    browser = Browser(made, alert_id, origin)
    browser.path = prefix + browser.path
    assert browser.log_in(clinic.staff()).status_code == 200
    assert "acknowledge" in browser.forms()
    assert browser.send("acknowledge").status_code == 200
    kept = [each for each in browser.client._cookies.values() if each.key == "interlude_page"]
    paths = [f"{prefix}/a", f"{prefix}/console"]
    assert [(each.path, each.secure) for each in kept] == [(path, True) for path in paths]
    assert public_url == origin + prefix
    device = browser.open(f"{prefix}/a/device?link=x")
    assert f'action="{prefix}/a/device"' in device.text
    with made.app_context():
        db.engine.dispose()


FOREIGN = ({}, *({"Origin": each} for each in ("null", "https://evil.example")))
LOOKALIKE = {"Origin": "http://localhost.evil.example"}


@pytest.mark.parametrize(
    ("what", "fields"),
    [
        ("log-in", {"password": PASSWORD}),
        ("acknowledge", {}),
        ("note", {"text": "x"}),
        ("contact", {"outcome": "no_answer"}),
        ("resolve", {"disposition": "safe_plan_made"}),
        ("log-out", {}),
    ],
)
def test_every_form_needs_its_token_and_our_origin(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, what: str, fields: dict[str, str]
):
    staff = clinic.staff()
    browser = Browser(app, open_alert(client, clinic.patient()))
    give_password(staff) if what == "log-in" else browser.log_in(staff)
    browser.open()
    form = {"csrf": browser.forms()[what], "email": staff.email, **fields}
    refused = [browser.post(what, form, headers) for headers in (*FOREIGN, LOOKALIKE)]
    refused.append(browser.post(what, form | {"csrf": "0" * 64}, OWN))
    refused.append(browser.post(what, {**fields, "email": staff.email}, OWN))
    assert {answer.status_code for answer in refused} == {403}
    assert all("Nothing was changed" in answer.text for answer in refused)
    assert rows(clinic.admin, "SELECT status FROM alerts")[0]["status"] == "triggered"
    assert rows(clinic.admin, "SELECT 1 FROM alert_notes") == []
    assert (cookie_of(browser, "interlude_page") is None) is (what == "log-in")
    assert browser.post(what, form, OWN).status_code == 303


def test_a_token_of_another_browser_or_log_in_is_worth_nothing(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    alert_id = open_alert(client, clinic.patient())
    one, other = Browser(app, alert_id), Browser(app, alert_id)
    one.log_in(clinic.staff())
    other.log_in(clinic.staff())
    stolen = other.forms()["acknowledge"]
    assert one.post("acknowledge", {"csrf": stolen}, OWN).status_code == 403
    fresh = app.test_client()
    answer = fresh.post(f"/a/{alert_id}/acknowledge", data={"csrf": stolen}, headers=OWN)
    assert answer.status_code == 403


def test_a_log_in_form_of_another_tab_still_works(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    browser = Browser(app, open_alert(client, clinic.patient()))
    give_password(staff)
    browser.open()
    form = {"csrf": browser.forms()["log-in"], "email": staff.email, "password": PASSWORD}
    assert browser.post("log-in", form, OWN).status_code == 303
    assert browser.post("log-in", form, OWN).status_code == 303


def test_the_log_in_shares_the_delays_and_tells_no_cause(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
):
    staff = clinic.staff()
    browser = Browser(app, open_alert(client, clinic.patient()))
    wrong = browser.log_in(staff, "wrong")
    assert wrong.status_code == 401
    assert "is wrong, or the account is not active" in browser.text
    first = browser.text
    browser.send("log-in", email="nobody-quagga@clinic.example", password="wrong")
    assert browser.text == first
    for body in ({"email": "", "password": ""}, {"email": "x" * 300, "password": "x"}):
        assert browser.send("log-in", **body).status_code == 401
        assert browser.text == first
    # as after more of them, for longer than this test takes
    wait = (
        "UPDATE login_delays SET failures = 9, not_before_at = now() + interval '30 s'"
        " RETURNING failures"
    )
    assert rows(clinic.admin, wait)
    refused = browser.send("log-in", email=staff.email, password=PASSWORD)
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) >= 1
    body = {"email": staff.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=body).status_code == 429


def test_it_asks_for_the_second_factor(app: Flask, client: FlaskClient, clinic: ClinicWorld):
    staff = clinic.staff()
    browser = Browser(app, open_alert(client, clinic.patient()))
    give_password(staff)
    device = enrol(staff)
    asked = browser.log_in(staff)
    assert asked.status_code == 401
    assert "Code of your second factor" in browser.text
    assert f'value="{staff.email}"' in asked.text
    assert PASSWORD not in asked.text
    # Nor did any of it log in; either kind of code is typed in the one field.
    for code in ("123456", "x", "1234-5678-9012-3456"):
        page = browser.send("log-in", email=staff.email, password=PASSWORD, totp=code)
        assert page.status_code == 401
        assert "The code is wrong, or was used already" in browser.text
        assert "Code of your second factor" in browser.text
    for right in (device.code(), device.recovery_codes[0]):
        page = browser.send("log-in", email=staff.email, password=PASSWORD, totp=right)
        assert page.status_code == 200
        assert "acknowledge" in browser.forms()
        browser.send("log-out")


@pytest.mark.parametrize("ended", ["log-out", "deactivated", "forged"])
def test_a_log_in_ends_at_once_and_says_so(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, ended: str
):
    staff = clinic.staff()
    browser = Browser(app, open_alert(client, clinic.patient()))
    browser.log_in(staff)
    kept = cookie_of(browser, "interlude_page").value
    token = browser.forms()["acknowledge"]
    if ended == "log-out":
        assert "Log in" in browser.send("log-out").text
        assert cookie_of(browser, "interlude_page") is None
    elif ended == "deactivated":
        path = f"/v1/users/{staff.user_id}"
        client.patch(path, json={"active": False}, headers=clinic.admin.headers)
    else:
        kept = f"{kept[:-2]}xx"
    browser.client.set_cookie("interlude_page", kept, path="/a")
    page = browser.open()
    assert (page.status_code, "Log in" in page.text) == (200 if ended == "forged" else 401, True)
    browser.client.set_cookie("interlude_page", kept, path="/a")
    refused = browser.post("acknowledge", {"csrf": token}, OWN)
    assert refused.status_code == (403 if ended == "forged" else 401)
    assert rows(clinic.admin, "SELECT status FROM alerts")[0]["status"] == "triggered"


def test_a_form_without_a_log_in_asks_for_one(app: Flask, client: FlaskClient, clinic: ClinicWorld):
    browser = Browser(app, open_alert(client, clinic.patient()))
    browser.open()
    nobodys = browser.forms()["log-in"]
    answer = browser.post("acknowledge", {"csrf": nobodys}, OWN)
    assert answer.status_code == 401
    assert "log in again" in answer.text


def test_the_address_of_a_form_leads_back_to_the_alert(client: FlaskClient):
    alert_id = uuid4()
    answer = client.get(f"/a/{alert_id}/log-in")
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/a/{alert_id}")


def test_a_form_that_is_too_large_is_refused(client: FlaskClient):
    answer = client.post(f"/a/{uuid4()}/log-in", data={"email": "x" * 400_000}, headers=OWN)
    assert answer.status_code == 413
    assert answer.mimetype == "text/html"
