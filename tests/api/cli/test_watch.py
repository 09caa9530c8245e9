"""`flask alerts audit`: the watcher as an operator, a timer or `make run` starts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from time import monotonic
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from api.cli import role_called
from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.database import db
from services.alerts.delivery.heartbeat import Heartbeat
from services.watch import outside
from tests.builders.calls import made, post
from tests.builders.entries import phq9
from tests.builders.world import ClinicWorld
from tests.fixtures.webhook import Answer, WebhookReceiver

Audit = Callable[..., tuple[int, str]]


@pytest.fixture
def operator(app: Flask, clean_database: None, webhook_receiver: WebhookReceiver) -> Any:
    """The application of the command line, with a heartbeat outside."""
    made = create_app(replace(app.config["INTERLUDE"], watch_url=webhook_receiver.url))
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def audit(operator: Flask) -> Audit:
    """One run of the command: its status and what it prints."""

    def run(*words: str) -> tuple[int, str]:
        result = operator.test_cli_runner().invoke(args=["alerts", "audit", *words])
        return result.exit_code, result.stdout

    return run


@pytest.fixture(autouse=True)
def worker_seen(worker_app: Flask, clean_database: None) -> None:
    """A worker is at work."""
    with worker_app.app_context():
        Heartbeat().beat(monotonic())


def without_alert(client: FlaskClient, clinic: ClinicWorld, urls: DatabaseUrls) -> str:
    """An answer whose alert somebody has deleted."""
    form = phq9(item9=3)
    made(post(client, clinic.patient(), form))
    with psycopg.connect(libpq_url(urls.admin)) as admin:
        admin.execute("SET session_replication_role = replica")
        for table in ("notifications", "alert_events", "alert_occurrences", "alerts"):
            admin.execute(f"DELETE FROM {table}".encode())  # noqa: S608 -- ours
    return str(form["id"])


def runs(urls: DatabaseUrls) -> int:
    with psycopg.connect(libpq_url(urls.admin)) as admin:
        row = admin.execute("SELECT count(*) FROM watch_runs").fetchone()
    return int(row[0]) if row else 0


def test_all_is_well(audit: Audit, database_urls: DatabaseUrls) -> None:
    code, output = audit()
    assert (code, output) == (0, "0 findings; looked at everything\n")
    assert runs(database_urls) == 0
    assert audit("--all", "--json") == (0, "")


def test_what_is_missing_is_listed_by_kind_and_id_and_ends_with_1(
    audit: Audit, client: FlaskClient, clinic: ClinicWorld, database_urls: DatabaseUrls
) -> None:
    entry_id = without_alert(client, clinic, database_urls)
    code, output = audit()
    assert code == 1
    assert f"answer_without_alert {clinic.id} {entry_id}: An answer" in output
    assert output.endswith("2 findings; looked at everything\n")
    code, output = audit("--json")
    assert code == 1
    assert json.loads(output.splitlines()[0]) == {
        "kind": "answer_without_alert",
        "clinic_id": str(clinic.id),
        "id": entry_id,
    }


def test_a_recorded_run_is_kept_and_touches_the_outside_only_when_all_is_well(
    audit: Audit,
    client: FlaskClient,
    clinic: ClinicWorld,
    database_urls: DatabaseUrls,
    webhook_receiver: WebhookReceiver,
) -> None:
    assert audit("--record")[0] == 0
    (touched,) = webhook_receiver.requests
    assert (touched.method, touched.path, touched.body) == ("GET", "/page", b"")
    without_alert(client, clinic, database_urls)
    assert audit("--record")[0] == 1
    assert len(webhook_receiver.requests) == 1
    assert runs(database_urls) == 2


def test_it_goes_on_whatever_a_run_raises(
    operator: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class FourTurns:
        """An event that is set after four waits; the second run raises."""

        waits = 0

        def wait(self, _seconds: float) -> None:
            self.waits += 1
            if self.waits == 2:
                monkeypatch.setattr("api.cli.watch.watch", broken)
            if self.waits == 3:
                monkeypatch.undo()

        def is_set(self) -> bool:
            return self.waits > 4

    def broken(*_: Any) -> None:
        raise RuntimeError("quagga")

    without_alert(client, clinic, database_urls)
    monkeypatch.setattr("api.cli.watch.Event", FourTurns)
    monkeypatch.setattr("api.cli.watch.stop_on_signals", lambda *_: None)
    result = operator.test_cli_runner().invoke(args=["alerts", "audit", "--every", "60"])
    shown = result.stderr
    assert result.exit_code == 0
    assert runs(database_urls) == 3
    assert shown.count("watch_failed") == 1
    assert shown.count('"kind": "answer_without_alert"') == 1
    assert "quagga" not in shown


@pytest.mark.parametrize(
    ("answer", "arrives"), [(Answer(204), True), (Answer(500), False), (Answer(drop=True), False)]
)
def test_a_heartbeat_that_does_not_arrive_is_no_fault_of_the_watcher(
    webhook_receiver: WebhookReceiver, answer: Answer, arrives: bool
) -> None:
    webhook_receiver.answers.append(answer)
    assert outside.touch(webhook_receiver.url, private=True) is arrives
    assert not outside.touch("http://127.0.0.1:9/", private=False)


def test_it_works_as_the_auditor_and_the_worker_as_the_worker() -> None:
    assert role_called("alerts", ["flask", "alerts", "audit"]) == "auditor"
    assert role_called("alerts", ["flask", "alerts", "work"]) == "worker"
    assert role_called("clinic", ["flask", "clinic", "create"]) == "app"
