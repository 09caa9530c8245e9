"""Being paged in this browser: from the list to a proved contact method."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.page import scripts
from services.channels.webpush import WebPushChannel
from services.exceptions import RateLimited
from tests.builders.alerts import open_alert
from tests.builders.browser import Browser
from tests.builders.reach.methods import code_in
from tests.builders.reach.push_service import Browser as Pushed
from tests.builders.stored import rows
from tests.builders.workers import PUBLIC_URL, steady_pace, worker_on
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.webhook import Answer, WebhookReceiver

METHODS = "SELECT kind, verified_at FROM contact_methods WHERE user_id = :id"


@pytest.fixture
def pushed(webhook_receiver: WebhookReceiver) -> Pushed:
    webhook_receiver.otherwise = Answer(201)
    return Pushed(webhook_receiver.url)


@pytest.fixture
def origin(app: Flask, pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> str:
    """The installation allows the double of a push service."""
    parts = urlsplit(pushed.endpoint)
    origin = f"{parts.scheme}://{parts.netloc}"
    settings = replace(app.config["INTERLUDE"], push_services=(origin,))
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    return origin


@pytest.fixture
def nurse(clinic: ClinicWorld) -> Person:
    return clinic.staff("on_call")


@pytest.fixture
def phone(app: Flask, nurse: Person) -> Browser:
    phone = Browser(app, "x")
    phone.path = "/a"
    assert phone.log_in(nurse).status_code == 200
    return phone


def test_from_the_list_to_a_browser_that_is_paged(
    app: Flask,
    worker_app: Flask,
    phone: Browser,
    nurse: Person,
    pushed: Pushed,
    origin: str,
    webhook_receiver: WebhookReceiver,
):
    phone.path = "/a/push"
    token = {"csrf": token_of(phone)}
    sent = {"Origin": phone.origin}
    form = {**token, "subscription": pushed.subscription}
    phone.shown = phone.client.post("/a/push", data=form, headers=sent)
    assert "Code from the notification" in phone.text
    channel = WebPushChannel(
        app.config["INTERLUDE"].push_key, "mailto:a@h.test", PUBLIC_URL, (origin,)
    )
    now = datetime.now(UTC)
    worker_on(worker_app, {"webpush": channel}, lambda: now, steady_pace()).send_letters(Event())
    code = code_in(pushed.read(webhook_receiver.requests[-1])["title"])
    assert phone.shown is not None
    method_id = phone.shown.text.partition('name="method_id" value="')[2].partition('"')[0]
    for typed, status in (("0000-0000", 422), (code, 200)):
        form = {**token, "method_id": method_id, "code": typed}
        phone.shown = phone.client.post("/a/push/code", data=form, headers=sent)
        assert phone.shown.status_code == status
    assert "You are paged in this browser from now on" in phone.text
    (method,) = rows(nurse, METHODS, id=nurse.user_id)
    assert method["kind"] == "webpush"
    assert method["verified_at"] is not None


def token_of(phone: Browser) -> str:
    return phone.forms()["log-out"]


def test_what_cannot_be_added_is_refused(
    phone: Browser, nurse: Person, monkeypatch: pytest.MonkeyPatch
):
    token, sent = token_of(phone), {"Origin": phone.origin}

    def post(path: str, **form: str) -> int:
        data = {"csrf": token, **form}
        return phone.client.post(path, data=data, headers=sent).status_code

    assert post("/a/push", subscription="quagga") == 422
    assert post("/a/push/code", method_id=str(uuid4()), code="ABCD-EFGH") == 404
    monkeypatch.setattr(scripts, "add_method", refuse)
    assert post("/a/push", subscription="quagga") == 429
    assert phone.client.post("/a/push", data={"subscription": "x"}).status_code == 403
    assert rows(nurse, METHODS, id=nurse.user_id) == []


def refuse(*_args: object) -> None:
    raise RateLimited(60)


def test_the_list_alone_has_a_script(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, phone: Browser, nurse: Person
):
    listed = phone.open("/a")
    assert "script-src 'self'; worker-src 'self';" in listed.headers["Content-Security-Policy"]
    assert listed.text.count("<script") == 1
    alert = phone.open(f"/a/{open_alert(client, clinic.patient())}")
    for page in (alert, app.test_client().get("/a")):
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "<script" not in page.text


def test_the_worker_looks_after_the_page_and_nothing_else(client: FlaskClient):
    worker, script = client.get("/a/worker.js"), client.get("/a/push.js")
    assert worker.headers["Service-Worker-Allowed"] == "/a"
    assert "Service-Worker-Allowed" not in script.headers
    for each in (worker, script):
        assert (each.status_code, each.mimetype) == (200, "text/javascript")
        assert b"fetch" not in each.data
