"""The way into the console: one log-in that comes back to where somebody wanted to go."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.builders.accounts.authenticator import enrol
from tests.builders.browser import PASSWORD, give_password
from tests.builders.pages.console import ORIGIN, Console, console_of
from tests.builders.world import ClinicWorld

HIDDEN = re.compile(r'<input type="hidden" name="(kept_\w+)" value="([^"]*)">', re.DOTALL)
FOREIGN = ({"Origin": "https://evil.example"}, {"Origin": "null"}, {})


@pytest.mark.parametrize("prefix", ["", "/ward/in"])
def test_the_root_leads_there(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, prefix: str
) -> None:
    settings = replace(app.config["INTERLUDE"], public_url=f"https://i.test{prefix}")
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    answer = client.get("/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{prefix}/console")
    shown = client.get("/console/today").text
    assert f'action="{prefix}/console/log-in"' in shown
    assert f'href="{prefix}/console/files/console.css?v=' in shown


def test_the_log_in_leads_to_where_somebody_wanted_to_go(app: Flask, clinic: ClinicWorld) -> None:
    console = Console(app)
    shown = console.log_in(clinic.staff(), to="/today?q=ada")
    assert shown.status_code == 200
    assert shown.request.full_path == "/console/today?q=ada"
    assert console.open("").request.path == "/console/today"
    assert "North Clinic" in console.text
    assert "Sam Quagga" in console.text


def test_it_asks_for_the_second_factor(app: Flask, clinic: ClinicWorld) -> None:
    console, staff = Console(app), clinic.staff()
    give_password(staff)
    device = enrol(staff)
    console.open("/today?q=ada")
    sent = {"email": staff.email, "password": PASSWORD, "wanted": "/today?q=ada"}
    asked = console.send("/log-in", **sent)
    assert asked.status_code == 401
    assert "Code of your second factor" in console.text
    assert console.send("/log-in", totp="000000", **sent).status_code == 401
    assert "The code is wrong, or was used already" in console.text
    shown = console.send("/log-in", totp=device.recovery_codes[0], **sent)
    assert shown.request.full_path == "/console/today?q=ada"


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil", "/x\r\ny"])
def test_nobody_is_led_elsewhere(app: Flask, clinic: ClinicWorld, wanted: str) -> None:
    console, staff = Console(app), clinic.staff()
    give_password(staff)
    console.open("")
    sent = {"email": staff.email, "password": PASSWORD, "wanted": wanted}
    answer = console.send("/log-in", follow=False, **sent)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console")


def test_a_patient_has_no_business_here(app: Flask, clinic: ClinicWorld) -> None:
    console = console_of(app, clinic.patient())
    assert console.shown is not None
    assert console.shown.status_code == 403
    assert "no business" in console.text


def test_one_session_serves_the_console_and_the_alert_page_and_nothing_else(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    console = console_of(app, clinic.staff())
    cookies = {each.path: each for each in console.client._cookies.values()}
    for path in ("/a", "/console"):
        cookie = console.client.get_cookie("interlude_page", path=path)
        assert cookie is not None
        assert (cookie.http_only, cookie.same_site) == (True, "Lax")
    assert set(cookies) <= {"/a", "/console", "/"}
    assert "Open alerts" in console.client.get("/a").text
    assert console.client.get("/v1/me").status_code == 401
    session = {"Cookie": f"interlude_page={cookie.value}"}
    assert client.get("/v1/me", headers=session).status_code == 401
    console.open("/today")
    assert console.send("/log-out").status_code == 200
    assert console.client.get_cookie("interlude_page", path="/a") is None
    assert "Log in" in console.client.get("/a").text
    assert console.open("/today").status_code == 401


def test_every_answer_allows_own_files_only(app: Flask, clinic: ClinicWorld) -> None:
    console = Console(app)
    answers = [console.open("/today"), console.log_in(clinic.staff()), console.open("/nowhere")]
    answers.append(console.post("/log-out", {}))
    assert [answer.status_code for answer in answers] == [401, 200, 404, 403]
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; style-src 'self'; script-src 'self';")
        assert "frame-ancestors 'none'" in policy
        assert "form-action 'self'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "<style" not in answer.text
        assert not re.search(r"<script(?! src=)|\son\w+=|\sstyle=", answer.text)


def test_a_form_of_another_site_or_log_in_changes_nothing(app: Flask, clinic: ClinicWorld) -> None:
    one, other = (console_of(app, clinic.staff()) for _ in range(2))
    stolen, own = other.forms()["/log-out"], one.forms()["/log-out"]
    for headers in FOREIGN:
        refused = one.client.post(
            "/console/log-out", data={"csrf": own}, headers=headers, base_url=ORIGIN
        )
        assert refused.status_code == 403
        assert "Nothing was changed" in refused.text
    assert one.post("/log-out", {"csrf": stolen}).status_code == 403
    assert one.open("/today").status_code == 200


def test_a_wrong_password_tells_no_cause_and_waits(app: Flask, clinic: ClinicWorld) -> None:
    console, staff = Console(app), clinic.staff()
    assert console.log_in(staff, "wrong").status_code == 401
    first = console.text
    assert "is wrong, or the account is not active" in first
    answer = console.send("/log-in", email="nobody-quagga@clinic.example", password="wrong")
    assert (answer.status_code, console.text) == (401, first)
    assert float(answer.headers["Interlude-Hold-Until-S"]) == 1.0


FORM = "/alerts/01980000-0000-7000-8000-000000000001/note"


def test_what_was_typed_is_not_lost_when_the_log_in_has_ended(
    app: Flask, clinic: ClinicWorld
) -> None:
    staff, words = clinic.staff(), "they said <b>no</b>\r\nquagga"
    console = console_of(app, staff)
    sent = {"csrf": console.token(), "text": words, "kind": "note", "id": "7", "code": "QUAG-GA23"}
    kept = console.client.get_cookie("interlude_page", path="/console")
    assert kept is not None
    console.send("/log-out")
    console.client.set_cookie("interlude_page", kept.value, path="/console")
    refused = console.post(FORM, sent)
    assert refused.status_code == 401
    assert "What you wrote is kept" in console.text
    kept = {name: html.unescape(value) for name, value in HIDDEN.findall(refused.text)}
    assert kept.pop("kept_form") == f"/console{FORM}"
    typed = {"kept_text": words, "kept_kind": "note", "kept_id": "7"}
    assert kept == {"kept_by": str(staff.user_id), **typed}
    again = {"kept_form": f"/console{FORM}", **kept}
    console.send("/log-in", email=staff.email, password=PASSWORD, wanted="", **again)
    assert "Not saved yet" in console.text
    assert FORM in console.forms()
    assert "they said &lt;b&gt;no&lt;/b&gt;" in console.page
    assert '<input type="hidden" name="id" value="7">' in console.page


@pytest.mark.parametrize("ended", ["elsewhere", "in another tab"])
def test_what_one_person_typed_is_not_shown_to_the_next_at_this_browser(
    app: Flask, clinic: ClinicWorld, ended: str
) -> None:
    one, other = clinic.staff(), clinic.staff()
    console = console_of(app, one)
    sent = {"csrf": console.token(), "text": "they said no, zebrafinch"}
    kept = console.client.get_cookie("interlude_page", path="/console")
    assert kept is not None
    console.send("/log-out")
    if ended == "elsewhere":
        console.client.set_cookie("interlude_page", kept.value, path="/console")
    carried = dict(HIDDEN.findall(console.post(FORM, sent).text))
    assert carried["kept_by"] == str(one.user_id)
    give_password(other)
    wrong = console.send("/log-in", email=other.email, password="wrong", **carried)
    carried = dict(HIDDEN.findall(wrong.text))
    assert carried["kept_text"] == "they said no, zebrafinch"
    shown = console.send("/log-in", email=other.email, password=PASSWORD, **carried)
    assert shown.status_code == 200
    assert "zebrafinch" not in console.page
    assert "Not saved yet" not in console.text


def test_what_nobody_is_known_to_have_typed_is_shown_to_nobody(
    app: Flask, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    console = console_of(app, staff)
    console.send("/log-out")
    carried = {"kept_form": f"/console{FORM}", "kept_text": "zebrafinch"}
    console.send("/log-in", email=staff.email, password=PASSWORD, wanted="", **carried)
    assert "zebrafinch" not in console.page
    assert "Not saved yet" not in console.text


def test_a_log_out_of_a_log_in_that_had_ended_leaves_nothing_to_be_sent(
    app: Flask, clinic: ClinicWorld
) -> None:
    staff = clinic.staff()
    console = console_of(app, staff)
    sent = {"csrf": console.token()}
    console.send("/log-out")
    refused = console.post("/log-out", sent)
    assert refused.status_code == 403
    assert "What you wrote is kept" not in console.text
    console.log_in(staff)
    assert "Not saved yet" not in console.text


def test_files_are_kept_for_ever_under_their_hash(client: FlaskClient) -> None:
    shown = client.get("/console").text
    for name, kind in (("console.css", "text/css"), ("console.js", "text/javascript")):
        found = re.findall(rf'"/console/files/({re.escape(name)}\?v=\w+)"', shown)
        answer = client.get(f"/console/files/{found[0]}")
        assert (answer.status_code, answer.mimetype) == (200, kind)
        assert "immutable" in answer.headers["Cache-Control"]
        tag = {"If-None-Match": answer.headers["ETag"]}
        assert client.get(f"/console/files/{found[0]}", headers=tag).status_code == 304
        assert client.get(f"/console/files/{name}").headers["Cache-Control"] == "no-cache"
    assert client.get("/console/files/secret_key").status_code == 404
