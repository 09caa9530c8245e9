"""`flask check`: one line for each thing that a clinic relies on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from api.cli import alerts, check
from api.cli.alerts import faults_now
from api.embedded.urls import DatabaseUrls
from api.settings import SmtpServer
from services.clock import utcnow
from services.operations.archive import WalArchive
from services.phone.devices import put_device
from tests.builders.chains import Chain
from tests.builders.world import ClinicWorld
from tests.fixtures.mail import MailServer
from tests.fixtures.running import RunningService, free_port

LINES = [
    *("key", "roles", "migration", "writes", "clock", "mail", "public URL", "worker"),
    *("replica", "archive", "seals", "reminders"),
]


def lines(output: str) -> dict[str, str]:
    """What each line says, by its name."""
    return {line[5:16].strip(): line for line in output.splitlines() if line[:5].strip()}


def test_all_is_well_on_a_running_service(running: RunningService) -> None:
    assert running.command("audit", "seal", "--once").returncode == 0, "no sealer is at work"
    done = running.command("check")
    assert list(lines(done.stdout)) == LINES
    assert all(line.startswith("ok ") for line in done.stdout.splitlines()), done.stdout
    assert done.returncode == 0


def test_each_fault_has_a_line_in_words(
    app: Flask, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def now() -> Any:
        return utcnow() + timedelta(seconds=9)

    def older() -> str:
        return "0001"

    settings = replace(
        app.config["INTERLUDE"],
        smtp=SmtpServer("127.0.0.1", free_port()),
        public_url=f"http://127.0.0.1:{free_port()}",
        worker_database_url="",
    )
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    monkeypatch.setattr(check, "database_revision", older)
    monkeypatch.setattr(check, "utcnow", now)
    monkeypatch.setattr(check, "missing_key", lambda: "missing are columns 1234")
    result = app.test_cli_runner().invoke(args=["check"])
    assert result.exit_code == 1
    found = lines(result.output)
    wrong = [name for name, line in found.items() if line.startswith("NO ")]
    assert wrong == [name for name in LINES[:8] if name != "writes"]
    assert "missing are columns" in found["key"]
    assert "no database URL for the worker" in found["roles"]
    assert "is at migration 0001, and this version needs" in found["migration"]
    assert "9.0 s apart" in found["clock"]
    assert "ChannelError" in found["mail"]
    assert "no alert worker" in found["worker"]


@pytest.mark.parametrize(
    ("changed", "name", "words"),
    [
        ({"smtp": None}, "mail", "no INTERLUDE_SMTP_URL"),
        ({"public_url": ""}, "public URL", "no link"),
    ],
)
def test_what_is_not_set_has_its_line(
    app: Flask, monkeypatch: pytest.MonkeyPatch, changed: dict[str, Any], name: str, words: str
) -> None:
    settings = replace(app.config["INTERLUDE"], **changed)
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    result = app.test_cli_runner().invoke(args=["check"])
    assert words in lines(result.output)[name]


@pytest.mark.parametrize(
    ("sender", "demo", "good"),
    [
        ("interlude@clinic.example", True, "NO "),
        ("Interlude <pages@Example.COM>", False, "NO "),
        ("pages@mail.invalid", False, "NO "),
        ("interlude@localhost", False, "NO "),
        ("interlude@localhost", True, "ok "),
        ("interlude@hospital.test", False, "ok "),
        ("pages@an-example.com", False, "ok "),
        ("pages@example.clinic.org", False, "ok "),
    ],
)
def test_a_sender_that_nobody_has_is_refused(
    app: Flask,
    smtp_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
    sender: str,
    demo: bool,
    good: str,
) -> None:
    """The relay greets all the same, and whoever gets the mail drops it."""
    server = SmtpServer("127.0.0.1", smtp_server.receiver.port)
    settings = replace(app.config["INTERLUDE"], smtp=server, mail_from=sender, demo=demo)
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["mail"]
    assert line.startswith(good), line
    assert good == "ok " or "INTERLUDE_MAIL_FROM" in line


def test_an_address_that_nobody_has_is_no_public_one(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    placeholder = "https://check-in.clinic.example"
    settings = replace(app.config["INTERLUDE"], public_url=placeholder)
    monkeypatch.setitem(app.config, "INTERLUDE", settings)
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["public URL"]
    assert line.startswith("NO ")
    assert "check-in.clinic.example, which nobody has" in line


@pytest.mark.parametrize(
    ("found", "good", "words"),
    [
        (WalArchive(is_on=False, is_failing=False, age_s=9e9), "ok ", "there is none"),
        (WalArchive(is_on=True, is_failing=False, age_s=70), "ok ", "70 s old"),
        (WalArchive(is_on=True, is_failing=True, age_s=70), "NO ", "its disk fills"),
        (WalArchive(is_on=True, is_failing=False, age_s=1801), "NO ", "does archive_command hang"),
    ],
)
def test_the_archive_has_its_line(
    app: Flask, monkeypatch: pytest.MonkeyPatch, found: WalArchive, good: str, words: str
) -> None:
    monkeypatch.setattr(check, "archive", lambda: found)
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["archive"]
    assert line.startswith(good)
    assert words in line


def test_an_audit_without_seals_has_its_line(
    app: Flask, clinic: ClinicWorld, database_urls: DatabaseUrls
) -> None:
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["seals"]
    assert line.startswith("ok "), "what is new is sealed soon"
    Chain(app, database_urls.admin).spoil("UPDATE audit_entries SET at = at - interval '1 hour'")
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["seals"]
    assert line.startswith("NO ")
    assert "no sealer is at work" in line


def test_patients_whom_nobody_reminds_have_their_line(app: Flask, clinic: ClinicWorld) -> None:
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["reminders"]
    assert line.startswith("ok "), "nobody has a device"
    an_hour_ago = utcnow() - timedelta(hours=1)
    with app.app_context():
        put_device(clinic.patient().actor, "phone", "fcm", "t" * 40, (), an_hour_ago)
    line = lines(app.test_cli_runner().invoke(args=["check"]).output)["reminders"]
    assert line.startswith("NO ")
    assert "`reminders work`" in line


def test_a_worker_finds_what_does_not_work_for_it(
    app: Flask, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = app.config["INTERLUDE"]
    mailing = replace(here, smtp=SmtpServer("127.0.0.1", smtp_server.receiver.port))
    nobody = replace(here, smtp=SmtpServer("127.0.0.1", free_port()), public_url="")
    refusing = replace(mailing, smtp=replace(mailing.smtp, username="u", password="p"))
    with app.app_context():
        assert faults_now(mailing) == ()
        assert faults_now(here) == ("no_mail_server",)
        assert faults_now(nobody) == ("no_public_url", "mail_unreachable")
        assert faults_now(refusing) == ("mail_unreachable",), "it takes no log-in"
        monkeypatch.setattr(alerts, "utcnow", lambda: utcnow() + timedelta(seconds=9))
        assert faults_now(mailing) == ("clocks_differ",)
    assert smtp_server.inbox == []
