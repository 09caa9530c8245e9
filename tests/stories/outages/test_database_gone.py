"""The database goes away and comes back: honest answers meanwhile, and no restart afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from sqlalchemy import event
from werkzeug.test import TestResponse

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.database import db
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld
from tests.fixtures.postgres import TestServer

Outage = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def cut(test_server: TestServer, database_urls: DatabaseUrls) -> Iterator[Callable[[], None]]:
    """End every connection of the application; new ones may be made at once."""
    with psycopg.connect(libpq_url(test_server.admin_url), autocommit=True) as admin:

        def end_connections() -> None:
            admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                " WHERE usename = 'interlude_app' AND datname = %s",
                (name_of(database_urls),),
            )

        yield end_connections


@pytest.fixture
def outage(
    test_server: TestServer, database_urls: DatabaseUrls, cut: Callable[[], None]
) -> Iterator[Outage]:
    """The database takes no connection, and ends those it has, for the length of a block."""
    with psycopg.connect(libpq_url(test_server.admin_url), autocommit=True) as admin:

        def allow(connections: bool) -> None:
            admin.execute(
                sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}").format(
                    sql.Identifier(name_of(database_urls)), sql.Literal(connections)
                )
            )

        @contextmanager
        def gone() -> Iterator[None]:
            allow(connections=False)
            cut()
            try:
                yield
            finally:
                allow(connections=True)

        yield gone


def name_of(urls: DatabaseUrls) -> str:
    return psycopg.conninfo.conninfo_to_dict(libpq_url(urls.app))["dbname"]


def check_unavailable(answer: TestResponse) -> None:
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "unavailable"
    assert int(answer.headers["Retry-After"]) > 0


def test_answers_say_that_it_is_unavailable_and_nothing_more(
    client: FlaskClient, clinic: ClinicWorld, outage: Outage
) -> None:
    headers = clinic.admin.headers
    with outage():
        for path in ("/readyz", "/safetyz", "/v1/instruments", "/v1/me", "/v1/patients"):
            answer = client.get(path, headers=headers)
            check_unavailable(answer)
            assert "psycopg" not in answer.get_data(as_text=True)
            assert "interlude_" not in answer.get_data(as_text=True)
        assert client.get("/healthz").status_code == 200
        metrics = client.get("/metrics")
        assert "interlude_database_up 0.0" in metrics.get_data(as_text=True).splitlines()
    for path in ("/readyz", "/v1/instruments", "/v1/me", "/v1/patients"):
        assert client.get(path, headers=headers).status_code == 200, path
    assert client.get("/safetyz").json["late"] == ["no_worker"]


@pytest.mark.parametrize("item9", [0, 3])
def test_a_check_in_gets_the_card_that_says_it_was_not_received_and_can_be_sent_again(
    client: FlaskClient, clinic: ClinicWorld, outage: Outage, item9: int
) -> None:
    patient, body = clinic.patient(), phq9(item9=item9)
    with outage():
        refused = post(client, patient, body)
        check_unavailable(refused)
        assert "did not reach your clinic" in refused.json["safety"]["monitoring"]
        assert refused.json["safety"]["resources"]
    for table in ("record_ids", "check_ins", "decisions", "alerts", "notifications"):
        assert rows(patient, f"SELECT 1 FROM {table}") == [], table  # noqa: S608 - our own names
    assert post(client, patient, body).status_code == 201
    assert post(client, patient, body).status_code == 200


def test_a_help_request_gets_the_card_too(
    client: FlaskClient, clinic: ClinicWorld, outage: Outage
) -> None:
    patient = clinic.patient()
    body = {"id": phq9()["id"], "recorded_at": phq9()["recorded_at"]}
    with outage():
        refused = post(client, patient, body, "/v1/help-requests")
        check_unavailable(refused)
        assert refused.json["safety"]["level"] == "crisis"
    assert post(client, patient, body, "/v1/help-requests").status_code == 201


def test_cut_connections_cost_nobody_an_answer(
    client: FlaskClient, clinic: ClinicWorld, cut: Callable[[], None]
) -> None:
    patient = clinic.patient()
    assert post(client, patient, phq9()).status_code == 201
    cut()
    assert post(client, patient, phq9()).status_code == 201


@contextmanager
def lent(app: Flask, then: Callable[[], None]) -> Iterator[None]:
    """The next connection that is given out is looked at, and then this happens to it."""
    left = [then]

    def happens(*_: object) -> None:
        if left:
            left.pop()()

    with app.app_context():
        engine = db.engine
    event.listen(engine, "checkout", happens)
    try:
        yield
    finally:
        event.remove(engine, "checkout", happens)


def test_a_connection_that_is_cut_at_the_first_word_costs_nobody_an_answer(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, cut: Callable[[], None]
) -> None:
    """As by a firewall that forgot it: nothing can be read of it before something is sent."""
    patient = clinic.patient()
    assert post(client, patient, phq9()).status_code == 201
    with lent(app, cut):
        assert post(client, patient, phq9()).status_code == 201
    with lent(app, cut):
        assert client.get("/v1/changes", headers=patient.headers).status_code == 200


def test_a_connection_that_knows_that_it_is_dead_is_not_given_out(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    patient = clinic.patient()
    assert post(client, patient, phq9()).status_code == 201
    with app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.driver_connection
    assert raw is not None
    raw.close()
    assert post(client, patient, phq9()).status_code == 201


def test_a_server_that_is_gone_without_a_word_is_given_up(app: Flask) -> None:
    with app.app_context(), db.engine.connect() as connection:
        raw = connection.connection.driver_connection
        assert raw is not None
        asked = raw.info.get_parameters()
    idle, interval, count = (
        int(asked[f"keepalives_{name}"]) for name in ("idle", "interval", "count")
    )
    assert idle + interval * count <= 30
    assert 0 < int(asked["tcp_user_timeout"]) <= 30_000
