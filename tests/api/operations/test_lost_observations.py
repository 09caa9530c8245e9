"""Whatever breaks beside an answer, or after its commit, the answer stays true (A6)."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TextIO
from uuid import uuid4

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from api.observability import requests as observed
from api.observability.logs import LineLogger, init_logs
from services.intake.check_in import CheckInEntry
from services.intake.refused import answer_refusal
from tests.builders.alerts import do, open_alert
from tests.builders.broken import broken
from tests.builders.browser import Browser
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld

LOST = 'interlude_observations_lost_total{what="%s"}'


def lost(client: FlaskClient, what: str) -> float:
    """How many of a kind have been counted."""
    for line in client.get("/metrics").text.splitlines():
        if line.startswith(LOST % what):
            return float(line.rpartition(" ")[2])
    return 0.0


class FullDisk(io.StringIO):
    """A file that nothing can be written to any more."""

    def write(self, _text: str) -> NoReturn:
        raise OSError(28, "No space left on device")


def reader_gone(_folder: Path) -> TextIO:
    reader, writer = os.pipe()
    os.close(reader)
    return os.fdopen(writer, "w", 1)


def reader_asleep(_folder: Path) -> TextIO:
    """Nobody reads what is in the pipe, and it is full."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    with suppress(BlockingIOError):
        while True:
            os.write(writer, b"x" * 4_096)
    os.set_blocking(writer, True)
    file = os.fdopen(writer, "w", 1)
    KEPT_OPEN[file] = reader
    return file


def disk_full(_folder: Path) -> TextIO:
    return FullDisk()


def closed(folder: Path) -> TextIO:
    file = (folder / "log").open("w")
    file.close()
    return file


KEPT_OPEN: dict[TextIO, int] = {}
NO_LOGS = (reader_gone, reader_asleep, disk_full, closed)


@pytest.fixture(params=NO_LOGS, ids=[way.__name__ for way in NO_LOGS])
def no_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """No line of log can be written."""
    file: TextIO = request.param(tmp_path)
    logger = LineLogger(file)
    structlog.configure(logger_factory=lambda *_args: logger)
    yield
    init_logs()
    if file in KEPT_OPEN:
        os.close(KEPT_OPEN.pop(file))
    # What a file could not write it tries once more when it is closed.
    with suppress(OSError):
        file.close()


def test_without_a_log_every_answer_stays(
    no_log: None, client: FlaskClient, clinic: ClinicWorld
) -> None:
    pat, staff = clinic.patient(), clinic.staff()
    before = lost(client, "log_line")
    assert client.get("/healthz").status_code == 200
    assert post(client, pat, phq9()).status_code == 201
    refused = made(post(client, pat, phq9(item9=3, surprise=1)), 422)
    assert refused["safety"]["level"] == "crisis"
    alert_id = open_alert(client, pat)
    assert do(client, staff, alert_id, "acknowledge").status_code == 200
    assert lost(client, "log_line") >= before + 5


STEPS = {
    "a count": ("REQUESTS", "request"),
    "a time": ("SECONDS", "request"),
    "a record's flags": ("RECORDS", "request"),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_count_that_fails_changes_no_answer(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    what, kind = STEPS[name]
    before = lost(client, kind)
    with monkeypatch.context() as patch:
        patch.setattr(observed, what, None)
        answer = post(client, clinic.patient(), phq9())
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert lost(client, kind) == before + 1


@pytest.mark.parametrize(
    ("registry", "kind"),
    [
        ("after_request_funcs", "after_request"),
        ("teardown_request_funcs", "teardown"),
        ("teardown_appcontext_funcs", "teardown"),
    ],
)
def test_a_last_step_that_fails_changes_no_answer(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    monkeypatch: pytest.MonkeyPatch,
    registry: str,
    kind: str,
) -> None:
    pat, before = clinic.patient(), lost(client, kind)
    found: Any = getattr(app, registry)
    steps = found if isinstance(found, list) else found.setdefault(None, [])
    steps.append(broken)
    try:
        answer = post(client, pat, phq9())
        assert answer.status_code == 201
    finally:
        steps.remove(broken)
    assert lost(client, kind) > before


@pytest.mark.parametrize("path", ["/v1/check-ins", "/v1/help-requests"])
def test_what_fails_after_the_commit_is_not_called_lost(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    pat = clinic.patient()
    body = phq9() if "check" in path else {"id": str(uuid4()), "recorded_at": stamp()}
    module = "check_ins" if "check" in path else "help_requests"
    with monkeypatch.context() as patch:
        patch.setattr(f"api.routes.phone.{module}.bytes_answer", broken)
        answer = post(client, pat, body, path)
    words = made(answer, 500)["safety"]["monitoring"]
    assert "did not reach" not in words
    # A help request is searched once more, and has reached them by that.
    assert ("do not know whether" in words) == ("check" in path)
    assert post(client, pat, body, path).status_code == 200


def test_a_search_that_fails_after_its_commit_is_not_called_lost(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    pat = clinic.patient()
    with monkeypatch.context() as patch:
        patch.setattr("api.http.errors.answer_refusal", committed_and_broken)
        answer = post(client, pat, phq9(item9=3, surprise=1))
    assert "did not reach" not in made(answer, 503)["safety"]["monitoring"]
    assert [alert["family"] for alert in alerts(pat)] == ["unreadable_risk"]


def committed_and_broken(*given: Any) -> NoReturn:
    answer_refusal(*given)
    broken()


def test_what_fails_before_the_commit_did_not_arrive(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the first use of the token was committed."""
    pat = clinic.patient()
    with monkeypatch.context() as patch:
        patch.setattr("services.intake.storing.store.execute_writes", broken)
        answer = post(client, pat, phq9())
    assert "This did not reach" in made(answer, 500)["safety"]["monitoring"]
    assert rows(pat, "SELECT 1 FROM check_ins") == []


def test_what_could_not_even_be_sent_with_the_commit_did_not_arrive(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The driver refuses it, which is no doubt about the commit; the danger in it pages."""
    pat, of = clinic.patient(), CheckInEntry.row
    made(post(client, pat, phq9()))
    with monkeypatch.context() as patch:
        patch.setattr(CheckInEntry, "row", lambda *about: of(*about) | {"zone": "\x00"})
        harmless, risky = (post(client, pat, phq9(item9)) for item9 in (0, 3))
    assert "This did not reach" in made(harmless, 500)["safety"]["monitoring"]
    assert "do not know whether" not in made(risky, 500)["safety"]["monitoring"]
    assert [alert["family"] for alert in alerts(pat)] == ["unreadable_risk"]
    assert len(rows(pat, "SELECT 1 FROM check_ins")) == 1


def test_the_page_says_that_nothing_changed_only_when_it_knows(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = Browser(app, open_alert(client, clinic.patient()))
    browser.log_in(clinic.staff())
    with monkeypatch.context() as patch:
        patch.setattr("api.page.views.back", broken)
        browser.send("acknowledge")
    assert "Nothing was changed" not in browser.text
    assert "We do not know whether this was done" in browser.text


def stamp() -> str:
    return datetime.now(UTC).isoformat()
