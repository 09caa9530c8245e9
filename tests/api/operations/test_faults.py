"""What stops no start and must not stand: `/safetyz` has a reason in words for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from services.alerts.delivery.heartbeat import Heartbeat
from services.clock import utcnow

LONG_AGO = "UPDATE worker_heartbeats SET beat_at = now() - interval '40 s' WHERE id = %s"


@pytest.fixture(autouse=True)
def worker_seen(worker_app: Flask, clean_database: None) -> None:
    """A worker is at work."""
    with worker_app.app_context():
        Heartbeat().beat(monotonic())


def test_what_does_not_work_for_a_worker_has_a_reason_in_words(
    client: FlaskClient, worker_app: Flask, database_urls: DatabaseUrls
) -> None:
    one, other = Heartbeat(), Heartbeat()
    one.faults, other.faults = ("mail_unreachable", "unheard_of"), ("clocks_differ",)
    with worker_app.app_context():
        other.beat(monotonic())
        with psycopg.connect(libpq_url(database_urls.admin)) as admin:
            admin.execute(LONG_AGO, (other.id,))  # not at work any more
        one.beat(monotonic())
        answer = client.get("/safetyz")
        assert (answer.status_code, answer.json["late"]) == (503, list(one.faults))
        assert "The mail server does not answer a worker" in answer.json["detail"]
        one.faults = ()
        one.beat(monotonic())  # at once, when there is news
    assert client.get("/safetyz").status_code == 200


def test_without_a_public_url_pages_have_no_link_and_safetyz_says_so(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bare = replace(app.config["INTERLUDE"], public_url="")
    monkeypatch.setitem(app.config, "INTERLUDE", bare)
    answer = client.get("/safetyz")
    assert (answer.status_code, answer.json["late"]) == (503, ["no_public_url"])
    assert answer.json["detail"] == "INTERLUDE_PUBLIC_URL is not set: pages carry no link."
    assert client.get("/readyz").status_code == 200


@pytest.mark.parametrize(("ahead_s", "late"), [(-420, []), (0, []), (1, []), (420, ["api_ahead"])])
def test_a_web_process_whose_clock_is_ahead_says_so(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, ahead_s: float, late: list[str]
) -> None:
    """What it writes is due later than it should be; that of one that is behind is early."""
    shown = partial(_later, timedelta(seconds=ahead_s))
    monkeypatch.setattr("api.routes.operations.now", shown)
    answer = client.get("/safetyz")
    assert (answer.status_code, answer.json["late"]) == (503 if late else 200, late)


def _later(by: timedelta) -> datetime:
    return utcnow() + by
