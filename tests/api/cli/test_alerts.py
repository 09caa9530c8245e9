"""`flask alerts work`: the worker as an operator starts it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.cli.alerts import channels
from api.settings import SmtpServer
from services.channels.console import ConsoleChannel
from services.channels.smtp import SmtpChannel
from tests.builders.world import ClinicWorld
from tests.fixtures.mail import MailServer


@pytest.fixture
def mailing_app(app: Flask, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application with a mail server in its settings."""
    server = SmtpServer("127.0.0.1", smtp_server.receiver.port)
    settings = replace(app.config["INTERLUDE"], smtp=server, mail_from="i@h.test")
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    return app


def test_once_sends_what_is_due_and_ends(
    mailing_app: Flask, client: FlaskClient, clinic: ClinicWorld, smtp_server: MailServer
) -> None:
    asked = {
        "id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "recorded_at": "2026-11-20T22:15:00+01:00",
    }
    answer = client.post("/v1/help-requests", json=asked, headers=clinic.patient().headers)
    assert answer.status_code == 201
    result = mailing_app.test_cli_runner().invoke(args=["alerts", "work", "--once"])
    assert result.exit_code == 0, result.output
    page, letter = smtp_server.inbox
    assert {mail["X-Received-For"] for mail in (page, letter)} == {clinic.admin.email}
    assert "CRITICAL" in page["Subject"]
    assert "chain has gaps" in letter["Subject"]  # nobody but the last resort


def test_the_settings_choose_the_mail_channel(app: Flask) -> None:
    settings = app.config["INTERLUDE"]
    assert isinstance(channels(settings)["email"], ConsoleChannel)
    server = SmtpServer("mail.test", 587, starttls=True, username="u", password="p")
    chosen = channels(replace(settings, smtp=server))["email"]
    assert isinstance(chosen, SmtpChannel)
    assert (chosen.host, chosen.port, chosen.starttls, chosen.username) == (
        "mail.test",
        587,
        True,
        "u",
    )
