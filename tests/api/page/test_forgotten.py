"""A forgotten password, from the log-in of an alert to a new one."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from threading import Event

import pytest
from argon2 import PasswordHasher
from flask import Flask

from services.accounts import passwords
from services.channels.smtp import SmtpChannel
from services.exceptions import RateLimited
from services.password_reset.issue import issue_one
from tests.builders import browser
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import ClinicWorld
from tests.fixtures.mail import MailServer

CODE = re.compile(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b")
NEW = "another horse staple quagga 7"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    monkeypatch.setattr(browser, "hashed", lambda: cheap.hash(PASSWORD))


@pytest.fixture
def phone(app: Flask) -> Browser:
    """Behind the link of the log-in."""
    phone = Browser(app, "x")
    phone.path = "/a/forgot"
    phone.open("/a")
    assert phone.shown is not None
    assert 'href="/a/forgot"' in phone.shown.text
    phone.open()
    return phone


def send(phone: Browser, what: str, **fields: str):
    """One of the two forms."""
    token = phone.forms()["forgot"]
    phone.shown = phone.client.post(
        what, data={"csrf": token, **fields}, headers={"Origin": phone.origin}
    )
    return phone.shown


def test_from_the_log_in_to_a_new_password(
    phone: Browser, worker_app: Flask, clinic: ClinicWorld, smtp_server: MailServer
):
    staff = clinic.staff()
    give_password(staff)
    send(phone, "/a/forgot", email=staff.email)
    assert "If an account has this address, a code is on its way" in phone.text
    now = datetime.now(UTC)
    smtp = SmtpChannel("127.0.0.1", smtp_server.receiver.port, "i@h.test", "https://i.test")
    with worker_app.app_context():
        assert issue_one(now)
    worker_on(worker_app, {"email": smtp}, lambda: now, steady_pace()).send_letters(Event())
    found = CODE.search(str(smtp_server.inbox[-1].get_content()))
    assert found is not None
    answer = send(phone, "/a/forgot/code", code=found.group(), password="short")
    assert answer.status_code == 422
    assert send(phone, "/a/forgot/code", code=found.group(), password=NEW).status_code == 200
    assert "Your password is changed" in phone.text
    entrance = Browser(clinic.app, "x")
    entrance.path = "/a"
    entrance.open()
    assert entrance.send("log-in", email=staff.email, password=NEW).status_code == 200
    assert "Open alerts" in entrance.text


def test_a_wrong_code_and_no_address(phone: Browser):
    answer = send(phone, "/a/forgot/code", code="00000-00000-00000-00000", password=NEW)
    assert answer.status_code == 409
    assert "The code is not valid" in phone.text
    assert send(phone, "/a/forgot", email=" ").status_code == 422


@pytest.mark.parametrize(
    ("what", "step"), [("/a/forgot", "ask_for_reset"), ("/a/forgot/code", "confirm_reset")]
)
def test_too_many_tries_wait(phone: Browser, monkeypatch: pytest.MonkeyPatch, what: str, step: str):
    def refuse(*_args: object) -> None:
        raise RateLimited(retry_after_s=30)

    monkeypatch.setattr(f"api.page.forgotten.{step}", refuse)
    answer = send(phone, what, email="a@b.example", code="00000", password=NEW)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "30")
