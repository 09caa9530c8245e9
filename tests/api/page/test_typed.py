"""What somebody typed is not lost when their log-in has ended, nor when it is long."""

from __future__ import annotations

import html
import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from schemas.base import NOTE_LIMIT
from tests.builders.alerts import open_alert, read
from tests.builders.browser import PASSWORD, Browser
from tests.builders.world import ClinicWorld, Person

WORDS = "Called twice, \u00abno answer\u00bb\nquagga"
FORMS = [
    ("note", {"text": WORDS}),
    ("contact", {"text": WORDS, "outcome": "no_answer"}),
    ("resolve", {"disposition": "safe_plan_made", "note": WORDS}),
]
HIDDEN = re.compile(r'<input type="hidden" name="(kept_\w+)" value="([^"]*)">', re.DOTALL)
AREA = re.compile(r"<textarea [^>]*>([^<]+)</textarea>")


def typing(app: Flask, client: FlaskClient, clinic: ClinicWorld) -> tuple[Browser, Person, str]:
    staff, alert_id = clinic.staff(), open_alert(client, clinic.patient())
    browser = Browser(app, alert_id)
    browser.log_in(staff)
    return browser, staff, alert_id


@pytest.mark.parametrize(("what", "fields"), FORMS)
def test_what_was_typed_comes_back_after_the_log_in_and_is_sent_by_a_person(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, what: str, fields: dict[str, str]
) -> None:
    browser, staff, alert_id = typing(app, client, clinic)
    began = read(client, staff, alert_id).json["timeline"]
    browser.client.delete_cookie("interlude_page", path="/a")
    refused = browser.send(what, **fields)
    assert refused.status_code == 403
    assert "What you wrote is kept" in browser.text
    kept = {name: html.unescape(value) for name, value in HIDDEN.findall(refused.text)}
    once = set() if what == "resolve" else {"kept_id"}
    assert set(kept) == {"kept_form", "kept_by", *once, *(f"kept_{name}" for name in fields)}
    wrong = browser.send("log-in", email=staff.email, password="wrong", **kept)
    assert wrong.status_code == 401
    kept = {name: html.unescape(value) for name, value in HIDDEN.findall(wrong.text)}
    shown = browser.send("log-in", email=staff.email, password=PASSWORD, **kept)
    assert shown.status_code == 200
    assert "not saved yet" in browser.text
    assert [html.unescape(text) for text in AREA.findall(shown.text)] == [WORDS]
    assert read(client, staff, alert_id).json["timeline"] == began
    browser.send(what, **fields)
    assert read(client, staff, alert_id).json["timeline"] != began


def test_a_log_in_that_ended_elsewhere_keeps_it_too(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    browser, staff, _ = typing(app, client, clinic)
    client.patch(
        f"/v1/users/{staff.user_id}", json={"roles": ["on_call"]}, headers=clinic.admin.headers
    )
    refused = browser.send("note", text=WORDS)
    assert refused.status_code == 401
    assert ("kept_form", "note") in HIDDEN.findall(refused.text)
    kept = {name: html.unescape(value) for name, value in HIDDEN.findall(refused.text)}
    colleague = clinic.staff()
    browser.log_in(colleague, **kept)
    assert browser.shown is not None
    assert browser.shown.status_code == 200
    assert "not saved yet" not in browser.text
    assert AREA.findall(browser.shown.text) == []


def test_another_site_puts_no_words_into_anybodys_mouth(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    browser, _, _ = typing(app, client, clinic)
    browser.client.delete_cookie("interlude_page", path="/a")
    forged = browser.post("note", {"text": WORDS}, {"Origin": "https://evil.example"})
    assert forged.status_code == 403
    assert "quagga" not in forged.text


@pytest.mark.parametrize("letter", ["\u6f22", "\U0001f642", "x", "\n"])
def test_a_note_may_be_as_long_as_the_page_says_in_letters(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, letter: str
) -> None:
    browser, _, _ = typing(app, client, clinic)
    assert "at most 10000 letters" in browser.text
    text = f"a{letter * (NOTE_LIMIT - 2)}b".replace("\n", "\r\n")
    assert browser.send("note", text=text).status_code == 200
    assert browser.send("note", text=f"{text}c").status_code == 422


def test_a_page_that_is_not_theirs_to_see_is_as_ever(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    browser, _, _ = typing(app, client, clinic)
    browser.client.delete_cookie("interlude_page", path="/a")
    browser.send("note", text=WORDS)
    patient = clinic.patient()
    browser.log_in(patient, kept_form="note", kept_text=WORDS)
    assert browser.shown is not None
    assert browser.shown.status_code == 404
