"""The connection dies between the commit and its answer: what the patient is told is true."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.pq import TransactionStatus

from models import statements
from models.database import db
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import alerts, rows
from tests.builders.world import ClinicWorld, Person

GONE = psycopg.OperationalError("server closed the connection unexpectedly")
Losing = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def losing(app: Flask) -> Losing:
    """Within the block these commits (counted from the first) lose their answer; `done`: after
    the server has carried them out.
    """
    with app.app_context():
        dialect: Any = db.engine.dialect
    commit, ask = dialect.do_commit, statements.ask

    @contextmanager
    def block(*lost: int, done: bool, gone: psycopg.Error = GONE) -> Iterator[None]:
        count = 0

        def is_lost() -> bool:
            nonlocal count
            count += 1
            return count in lost

        def do_commit(connection: Any) -> None:
            driver = connection.dbapi_connection
            is_over = driver.info.transaction_status is TransactionStatus.IDLE
            if is_over or not is_lost():
                commit(connection)
                return
            if done:
                commit(connection)
            driver.close()
            raise gone

        def ask_and_commit(
            connection: Any, *queries: Any, commits: bool = False, **begins: Any
        ) -> None:
            if not commits or not is_lost():
                ask(connection, *queries, commits=commits, **begins)
                return
            driver = connection.connection.driver_connection
            if done:
                ask(connection, *queries, commits=True, **begins)
            driver.close()
            raise statements.as_ever(connection, driver, gone)

        dialect.do_commit, statements.ask = do_commit, ask_and_commit
        try:
            yield
        finally:
            dialect.do_commit, statements.ask = commit, ask

    return block


def logged_in(client: FlaskClient, clinic: ClinicWorld) -> Person:
    """Whose token was used before, so that the entry is the first commit of a request."""
    pat = clinic.patient()
    post(client, pat, phq9())
    return pat


def requests() -> dict[str, tuple[str, Any]]:
    asked = {"id": str(uuid4()), "recorded_at": datetime.now(UTC).isoformat()}
    return {
        "a check-in": ("/v1/check-ins", phq9(item9=3)),
        "a help request": ("/v1/help-requests", asked),
        "a refused check-in": ("/v1/check-ins", phq9(item9=3, surprise=1)),
    }


@pytest.mark.parametrize("done", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("name", requests())
def test_a_lost_answer_is_asked_for_again(
    client: FlaskClient, clinic: ClinicWorld, losing: Losing, name: str, done: bool
) -> None:
    pat = logged_in(client, clinic)
    path, body = requests()[name]
    with losing(1, done=done):
        answer = post(client, pat, body, path)
    assert answer.json is not None
    assert answer.status_code == (422 if "refused" in name else 200 if done else 201)
    assert answer.json["safety"]["level"] == "crisis"
    assert "did not reach" not in answer.json["safety"]["monitoring"]
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]
    assert len(rows(pat, "SELECT 1 FROM notifications WHERE kind = 'page'")) == 1


@pytest.mark.parametrize("done", [True, False], ids=["carried out", "not carried out"])
@pytest.mark.parametrize("name", requests())
def test_what_nobody_knows_is_promised_neither_way(
    client: FlaskClient, clinic: ClinicWorld, losing: Losing, name: str, done: bool
) -> None:
    pat = logged_in(client, clinic)
    path, body = requests()[name]
    with losing(1, 2, done=done):
        answer = post(client, pat, body, path)
    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert answer.json is not None
    shown = answer.json["safety"]["monitoring"]
    assert "do not know whether" in shown
    assert "did not reach" not in shown
    again = post(client, pat, body, path)
    assert again.status_code == (422 if "refused" in name else 200 if done else 201)
    assert [alert["occurrence_count"] for alert in alerts(pat)] == [1]


@pytest.mark.parametrize("done", [True, False], ids=["found again", "not written"])
def test_a_server_that_dies_of_its_commit_has_refused_nothing(
    client: FlaskClient, clinic: ClinicWorld, losing: Losing, done: bool
) -> None:
    """It cannot write its log, says so and ends: perhaps it has written it all the same."""
    pat, panic = logged_in(client, clinic), psycopg.errors.IoError("could not fsync file")
    assert panic.sqlstate == "58030"
    with losing(*range(1, 9), done=done, gone=panic):
        answer = post(client, pat, {"items": [phq9(item9=3)]}, "/v1/sync")
    assert answer.status_code == 503
    assert answer.json is not None
    assert "do not know whether" in answer.json["safety"]["monitoring"]
