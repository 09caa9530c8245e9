"""What stops no start and must not stand: `/safetyz` has a reason in words for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.alerts.delivery.heartbeat import Heartbeat
from services.clock import utcnow


@pytest.fixture(autouse=True)
def worker_seen(worker_app: Flask, clean_database: None) -> None:
    """A worker is at work."""
    with worker_app.app_context():
        Heartbeat(utcnow()).beat(utcnow())


def test_what_does_not_work_for_a_worker_has_a_reason_in_words(
    client: FlaskClient, worker_app: Flask
) -> None:
    one, other = Heartbeat(utcnow()), Heartbeat(utcnow() - timedelta(minutes=5))
    one.faults, other.faults = ("mail_unreachable", "unheard_of"), ("clocks_differ",)
    with worker_app.app_context():
        one.beat(utcnow())
        other.beat(utcnow() - timedelta(seconds=40))  # not at work any more
        answer = client.get("/safetyz")
        assert (answer.status_code, answer.json["late"]) == (503, list(one.faults))
        assert "The mail server does not answer a worker" in answer.json["detail"]
        one.faults = ()
        one.beat(utcnow())  # at once, when there is news
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
