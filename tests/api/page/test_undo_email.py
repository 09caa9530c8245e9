"""The link in the old mailbox: a GET spends nothing, a POST without a log-in undoes the change."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from threading import Event

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from services.accounts import passwords
from services.channels.smtp import SmtpChannel
from tests.builders import browser
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.stored import rows
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import ClinicWorld, made_up_email
from tests.fixtures.mail import MailServer

CODE = re.compile(r"\b(?:[0-9A-Z]{5}-){3}[0-9A-Z]{5}\b")
LINK = re.compile(r"http://127\.0\.0\.1:8000(/a/email\?link=)([\w-]+)")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    monkeypatch.setattr(browser, "hashed", lambda: cheap.hash(PASSWORD))


def delivered(worker_app: Flask, server: MailServer) -> dict[str, str]:
    """The newest letter to each address."""
    smtp = SmtpChannel(
        "127.0.0.1", server.receiver.port, "i@hospital.test", "https://i.test", timeout_s=2
    )
    clock = datetime.now(UTC)
    worker_on(worker_app, {"email": smtp}, lambda: clock, steady_pace()).send_letters(Event())
    return {mail["X-Received-For"]: str(mail.get_content()) for mail in server.inbox}


def test_a_change_of_address_over_http_mail_and_the_page(
    app: Flask,
    worker_app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    smtp_server: MailServer,
) -> None:
    person, email = clinic.staff(), made_up_email()
    give_password(person)
    body = {"email": email, "password": PASSWORD}
    asked = client.post("/v1/me/email", json=body, headers=person.headers)
    assert (asked.status_code, asked.json) == (202, {"expires_in": 86400})
    letters = delivered(worker_app, smtp_server)
    assert set(letters) == {email, person.email}
    for text in letters.values():
        assert "quagga" not in text.casefold()
    code = {"code": CODE.findall(letters[email])[0]}
    taken = client.post("/v1/me/email/confirm", json=code, headers=person.headers)
    assert (taken.status_code, taken.json["email"]) == (200, email)
    again = client.post("/v1/me/email/confirm", json=code, headers=person.headers)
    assert (again.status_code, again.data) == (200, taken.data)
    wrong = client.post("/v1/me/email/confirm", json={"code": "x"}, headers=person.headers)
    assert (wrong.status_code, wrong.json["code"]) == (409, "invitation_invalid")
    notice = delivered(worker_app, smtp_server)[person.email]
    path, link = LINK.findall(notice)[0]
    anybody = Browser(app, "email")
    for _ in range(2):  # mail scanners open every link
        assert anybody.open(path + link).status_code == 200
        assert client.get("/v1/me", headers=person.headers).json["email"] == email
    token = re.findall(r'name="csrf" value="([^"]+)"', anybody.shown.text)[0]

    def undo(origin: str = anybody.origin) -> int:
        data = {"csrf": token, "link": link}
        return anybody.client.post("/a/email", data=data, headers={"Origin": origin}).status_code

    assert [undo("https://evil.example"), undo(), undo()] == [403, 200, 409]
    assert client.get("/v1/me", headers=person.headers).status_code == 401
    login = {"email": person.email, "password": PASSWORD}
    assert client.post("/v1/auth/login", json=login).json["user"]["email"] == person.email
    actions = [
        row["action"]
        for row in rows(clinic.admin, "SELECT action FROM audit_entries ORDER BY seq")
        if "address" in row["action"]
    ]
    assert actions == ["address_change_asked", "address_changed", "address_change_undone"]
