"""Whoever strangers keep out gets a link by mail, which makes one device known, once."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Event

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from services.accounts import passwords
from services.accounts.candidates import FoundAccount
from services.accounts.guesses.device_links import mail_links, open_link
from services.channels.smtp import SmtpChannel
from services.exceptions import LinkInvalid
from tests.builders import browser
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.workers import steady_pace, worker_on
from tests.builders.world import ClinicWorld, Person, made_up_email
from tests.fixtures.mail import MailServer

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LINK = re.compile(r"http://127\.0\.0\.1:8000(/a/device\?link=)([\w-]+)")


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    monkeypatch.setattr(browser, "hashed", lambda: cheap.hash(PASSWORD))


def delivered(worker_app: Flask, server: MailServer, now: datetime) -> list[str]:
    """The texts of all letters that have arrived by then."""
    smtp = SmtpChannel(
        "127.0.0.1", server.receiver.port, "i@hospital.test", "https://i.test", timeout_s=2
    )
    worker_on(worker_app, {"email": smtp}, lambda: now, steady_pace()).send_letters(Event())
    return [str(mail.get_content()) for mail in server.inbox]


def log_in(client: FlaskClient, email: str, password: str = PASSWORD) -> int:
    body = {"email": email, "password": password}
    return client.post("/v1/auth/login", json=body).status_code


def kept_out(app: Flask, person: Person) -> None:
    give_password(person)
    for _ in range(9):
        log_in(app.test_client(), person.email, "wrong")
    assert log_in(app.test_client(), person.email) == 429


def test_the_link_lets_the_owner_in_on_their_device(
    app: Flask, worker_app: Flask, clinic: ClinicWorld, smtp_server: MailServer
) -> None:
    person = clinic.staff()
    kept_out(app, person)
    (text,) = delivered(worker_app, smtp_server, datetime.now(UTC))
    path, code = LINK.findall(text)[0]
    phone = Browser(app, "device")
    for _ in range(2):  # mail scanners open every link
        assert phone.open(path + code).status_code == 200
    token = re.findall(r'name="csrf" value="([^"]+)"', phone.shown.text)[0]

    def confirm() -> int:
        data = {"csrf": token, "link": code}
        headers = {"Origin": phone.origin}
        return phone.client.post("/a/device", data=data, headers=headers).status_code

    assert log_in(phone.client, person.email) == 429
    assert [confirm(), confirm()] == [200, 409]
    assert log_in(phone.client, person.email) == 200
    assert log_in(app.test_client(), person.email) == 429
    assert "quagga" not in text.replace(person.email, "")


def test_without_a_public_url_the_letter_has_the_path_and_never_the_host_that_was_called(
    app: Flask,
    worker_app: Flask,
    clinic: ClinicWorld,
    smtp_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(app.config, "INTERLUDE", replace(app.config["INTERLUDE"], public_url=""))
    person = clinic.staff()
    kept_out(app, person)
    (text,) = delivered(worker_app, smtp_server, datetime.now(UTC))
    assert "open this page of your Interlude server on the device" in text
    (code,) = re.findall(r"^/a/device\?link=([\w-]+)", text, re.MULTILINE)
    assert "://" not in text
    assert "localhost" not in text
    with app.app_context():
        assert open_link(code, datetime.now(UTC)) == person.user_id


def test_one_letter_however_many_try(
    app: Flask, worker_app: Flask, clinic: ClinicWorld, smtp_server: MailServer
) -> None:
    kept_out(app, clinic.staff())
    for _ in range(3):
        log_in(app.test_client(), made_up_email(), "wrong")
    assert len(delivered(worker_app, smtp_server, datetime.now(UTC))) == 1


def test_a_link_ends_and_cannot_be_made_up(
    app: Flask, worker_app: Flask, clinic: ClinicWorld, smtp_server: MailServer
) -> None:
    person = clinic.staff()
    with app.app_context():
        account = FoundAccount(clinic.id, person.user_id)
        mail_links(person.email, [account], "http://127.0.0.1:8000/a/device?link=", START)
        mail_links(made_up_email(), [], "http://x/", START)
        (text,) = delivered(worker_app, smtp_server, START)
        code = LINK.findall(text)[0][1]
        for wrong in ("", "x", "\u00e9", code[:-1], f"_{code[1:]}", code + "A"):
            with pytest.raises(LinkInvalid):
                open_link(wrong, START)
        with pytest.raises(LinkInvalid):
            open_link(code, START + 15 * MINUTE)
        assert open_link(code, START + 14 * MINUTE) == person.user_id
        for again in (code, f"{code}=", f"{code[:9]} {code[9:]}"):
            with pytest.raises(LinkInvalid):
                open_link(again, START + 14 * MINUTE)
