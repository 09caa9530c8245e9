"""Nobody's name, address, answer or words in any log line: not when all is well, not when it fails.

The watch over the whole run (`tests/fixtures/logs.py`) sees what these flows write too; here the
lines are also read on the spot, with the database server's own.
"""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from migrations.roles import libpq_url
from models import Clinic
from services.unit_of_work import transaction
from tests.builders.calls import post
from tests.builders.entries import cssrs, phq9
from tests.builders.world import ClinicWorld, Person
from tests.fixtures.logs import MARK, PHONE_MARK, says_too_much
from tests.fixtures.postgres import TestServer

WORDS = f"I want to end it, {MARK}"
PATIENT_FIELDS = {
    "phone": f"+1 {PHONE_MARK}",
    "address": f"1 {MARK} Street",
    "mrn": f"{MARK}-1",
    "emergency_contact": {
        "name": f"Al {MARK}",
        "phone": f"+1 {PHONE_MARK}",
        "relation": f"{MARK} uncle",
    },
}

Lines = Callable[[], list[str]]


class StandardError(io.StringIO):
    """Whatever is standard error now: capturing replaces it between set-up and call."""

    def write(self, text: str) -> int:
        return sys.stderr.write(text)


@pytest.fixture
def lines(capfd: pytest.CaptureFixture[str]) -> Iterator[Lines]:
    """What was written since the last call, to standard output or standard error.

    The application's logger holds the standard error of its start, so it is pointed here.
    """
    known = structlog.get_config()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=StandardError()))

    def read() -> list[str]:
        written = capfd.readouterr()
        return (written.out + written.err).splitlines()

    yield read
    structlog.configure(**known)


@pytest.fixture
def server_log(test_server: TestServer) -> Path:
    """The embedded server's own log."""
    if test_server.external:
        pytest.skip("the log of another server is its operator's")
    with psycopg.connect(libpq_url(test_server.admin_url)) as admin:
        return Path(admin.execute("SHOW data_directory").fetchone()[0]) / "log"


def everyday(client: FlaskClient, patient: Person, clinician: Person) -> None:
    """Answers, an amendment, a call for help, and staff who read."""
    body = phq9(item9=3, note=WORDS)
    assert post(client, patient, body).status_code == 201
    assert post(client, patient, body).status_code == 200
    amend = {"id": str(uuid4()), "answers": {"q9": 2}, "reason": WORDS}
    assert post(client, patient, amend, f"/v1/check-ins/{body['id']}/amend").status_code == 201
    assert post(client, patient, cssrs("q1", "q4")).status_code == 201
    help_request = {"id": str(uuid4()), "recorded_at": body["recorded_at"], "note": WORDS}
    assert post(client, patient, help_request, "/v1/help-requests").status_code == 201
    for path in (
        f"/v1/check-ins?patient_id={patient.patient_id}",
        f"/v1/check-ins/{body['id']}",
        f"/v1/patients/{patient.patient_id}",
        f"/v1/patients?q={MARK}",
    ):
        assert client.get(path, headers=clinician.headers).status_code == 200, path


def refused(client: FlaskClient, patient: Person, other: Person) -> None:
    """Requests that are refused for every reason, with the words in them."""
    known = phq9(item9=2, note=WORDS)
    assert post(client, patient, known).status_code == 201
    assert post(client, patient, known | {"note": WORDS * 2}).status_code == 409
    assert post(client, other, known).status_code == 409
    assert post(client, patient, phq9(item9=3, instrument=MARK)).status_code == 422
    assert post(client, patient, phq9(timezone=WORDS * 9)).status_code == 201
    assert post(client, patient, json.dumps(phq9(note=WORDS)).encode()[:-3]).status_code == 400
    big = json.dumps(phq9(note=WORDS)).encode() + b" " * 1_100_000
    assert post(client, patient, big).status_code == 413
    login = {"email": f"{MARK}@clinic.example", "password": f"{MARK} password"}
    assert client.post("/v1/auth/login", json=login).status_code == 401


def test_ordinary_days_and_refusals_leave_lines_without_patient_data(
    client: FlaskClient, clinic: ClinicWorld, lines: Lines
) -> None:
    patient, other = clinic.patient(**PATIENT_FIELDS), clinic.patient()
    everyday(client, patient, clinic.staff("clinician"))
    refused(client, patient, other)
    written = lines()
    requests = [line for line in written if '"event": "request"' in line]
    assert len(requests) >= 15  # otherwise nothing was watched
    assert [line for line in written if says_too_much(line)] == []
    assert not any(str(patient.patient_id) in line for line in written)


def test_a_fault_leaves_its_kind_and_no_value(
    app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    lines: Lines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*arguments: object, **_named: object) -> None:
        raise RuntimeError(f"{WORDS} {arguments}")

    monkeypatch.setattr("api.routes.phone.check_ins.record_check_in", breaks)
    answer = post(client, clinic.patient(), phq9(item9=1, note=WORDS))
    assert answer.status_code == 500
    assert MARK not in answer.get_data(as_text=True)
    written = lines()
    assert any('"kind": "RuntimeError"' in line for line in written)
    assert [line for line in written if says_too_much(line)] == []


def test_the_database_server_writes_none_down_either(
    client: FlaskClient,
    clinic: ClinicWorld,
    server_log: Path,
    app: Flask,
) -> None:
    """A value that the database refuses is quoted by PostgreSQL unless it is told not to."""
    before = server_log.stat().st_size
    with (
        app.app_context(),
        pytest.raises(IntegrityError, match=MARK),
        transaction(clinic.id) as session,
    ):
        session.execute(update(Clinic).values(name=WORDS, second_factor="never"))
    refused(client, clinic.patient(), clinic.patient())
    written = server_log.read_text(errors="replace")[before:].splitlines()
    assert any("ERROR" in line for line in written)
    assert [line for line in written if says_too_much(line)] == []


def test_a_library_that_logs_an_exception_leaves_its_kind_and_place(
    app: Flask, caplog: pytest.LogCaptureFixture
) -> None:
    logger = logging.getLogger("some.server")
    try:
        raise ValueError(WORDS)
    except ValueError:
        logger.exception("the application raised an exception")
    assert "the application raised an exception: ValueError at " in caplog.text
    assert __file__ in caplog.text
    assert MARK not in caplog.text


def test_a_logger_that_breaks_does_not_spill_what_it_was_about(
    client: FlaskClient,
    clinic: ClinicWorld,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(*_arguments: object, **_named: object) -> None:
        raise RuntimeError(WORDS)

    patient = clinic.patient()
    monkeypatch.setattr("api.routes.phone.check_ins.record_check_in", breaks)
    monkeypatch.setattr("api.http.errors.log", None)
    assert post(client, patient, phq9(item9=1, note=WORDS)).status_code == 500
    assert "Exception on /v1/check-ins [POST]" in caplog.text
    assert MARK not in caplog.text
