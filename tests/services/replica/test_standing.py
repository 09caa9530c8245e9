"""By how much the replica may be out of date: never told smaller than it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, NamedTuple

import pytest
from flask import Flask

from api import create_app
from models.database import UnsafeRoleError, db
from services.replica.standing import lag_s
from tests.fixtures.databases.standby import Reporting, Standby, needs_a_standby, reporting
from tests.fixtures.running import free_port

pytestmark = pytest.mark.xdist_group("standby")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
LAG = "interlude_replica_lag_seconds "


class ServerState(NamedTuple):
    """What a server says of itself."""

    replays: bool = True
    system: int = 7
    timeline: str | None = "00000001"
    position: int | None = 100
    at: datetime | None = NOW - timedelta(seconds=40)


PRIMARY = ServerState(replays=False, at=NOW)


@pytest.mark.parametrize(
    ("primary", "standby", "lag"),
    [
        (PRIMARY, ServerState(), 0.0),  # nobody has written for 40 s, and it has everything
        (PRIMARY, ServerState(position=101), 0.0),  # and more, by now
        (PRIMARY, ServerState(position=99), 40.0),
        (PRIMARY, ServerState(position=99, at=NOW + timedelta(seconds=1)), 0.0),
        (PRIMARY, ServerState(at=None), 0.0),
        (PRIMARY, ServerState(position=99, at=None), None),  # started, and nothing replayed yet
        (PRIMARY, ServerState(replays=False), None),  # promoted
        (PRIMARY, ServerState(timeline="00000002"), None),  # follows somebody else
        (PRIMARY, ServerState(system=8), None),  # another database
        (ServerState(timeline=None, position=None), ServerState(), None),  # the primary is none
    ],
)
def test_lag(primary: ServerState, standby: ServerState, lag: float | None) -> None:
    assert lag_s(primary, standby) == lag


def checked(reports: Reporting) -> str:
    """The line of `flask check`."""
    lines = reports.app.test_cli_runner().invoke(args=["check"]).output.splitlines()
    return next(line for line in lines if " replica " in line)


@needs_a_standby
def test_it_is_checked_and_measured(
    app: Flask, reports: Reporting, shared_standby: Standby, clean_database: None
) -> None:
    shared_standby.catch_up()
    assert checked(reports).startswith("ok ")
    scraped = reports.client.get("/metrics").text
    assert "interlude_replica_used 1.0" in scraped
    assert LAG in scraped
    assert "interlude_replica" not in app.test_client().get("/metrics").text


@needs_a_standby
def test_one_that_does_not_answer_stops_no_start(
    app: Flask, shared_standby: Standby, clean_database: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[tuple[str, str]] = []
    log = SimpleNamespace(warning=lambda event, kind: lines.append((event, kind)))
    monkeypatch.setattr("api.log", log)
    gone = f"postgresql+psycopg://interlude_app@127.0.0.1:{free_port()}/interlude"
    with reporting(app, shared_standby, replica_database_url=gone) as reports:
        assert lines == [("replica_not_used", "OperationalError")]
        assert checked(reports).startswith("NO ")
        scraped = reports.client.get("/metrics").text
        assert "interlude_replica_used 0.0" in scraped
        assert LAG not in scraped


@needs_a_standby
def test_one_that_is_too_late_is_not_used_and_says_by_how_much(
    app: Flask, shared_standby: Standby, clean_database: None
) -> None:
    with reporting(app, shared_standby, replica_lag_s=0.0) as reports, shared_standby.paused():
        scraped = reports.client.get("/metrics").text
        assert "interlude_replica_used 0.0" in scraped
        assert LAG in scraped
        assert checked(reports).startswith("NO ")


@needs_a_standby
def test_a_superuser_stops_the_start(app: Flask, shared_standby: Standby) -> None:
    settings: Any = app.config["INTERLUDE"]
    url = shared_standby.server.url("postgres", shared_standby.database)
    with pytest.raises(UnsafeRoleError):
        create_app(replace(settings, replica_database_url=url))


@needs_a_standby
def test_a_worker_has_none(app: Flask, shared_standby: Standby) -> None:
    settings = replace(app.config["INTERLUDE"], replica_database_url=shared_standby.url)
    worker = create_app(settings, role="worker")
    with worker.app_context():
        assert list(db.engines) == [None]
        db.engine.dispose()
