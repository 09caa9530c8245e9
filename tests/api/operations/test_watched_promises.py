"""What a promise is watched by: why it is red, whether answers are taken, what was refused."""

from __future__ import annotations

import re
from time import monotonic

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import OperationalError

from api.observability import requests as observed
from api.observability.metrics import RECORDS, REFUSED_WITH_DANGER
from api.routes import operations
from services.alerts.delivery.heartbeat import Heartbeat
from services.operations.safety import REASONS
from tests.builders.calls import post
from tests.builders.entries import phq9
from tests.builders.phone.sync import amendment, asks_for_help, check_in, report, statuses, sync
from tests.builders.world import ClinicWorld


def figure(client: FlaskClient, series: str) -> float:
    """What a scrape says of one series."""
    found = re.search(rf"^{re.escape(series)} (\S+)$", client.get("/metrics").text, re.MULTILINE)
    assert found, series
    return float(found[1])


def unsafe(client: FlaskClient) -> dict[str, float]:
    """Every reason, and whether it holds."""
    found = re.findall(r'^interlude_unsafe{reason="(\w+)"} (\S+)$', client.get("/metrics").text, 8)
    return {reason: float(value) for reason, value in found}


def test_a_scrape_has_the_reasons_of_safetyz(
    client: FlaskClient, worker_app: Flask, clean_database: None
) -> None:
    assert unsafe(client) == dict.fromkeys(REASONS, 0.0) | {"no_worker": 1.0}
    worker = Heartbeat()
    worker.faults = ("mail_unreachable", "unheard_of")
    with worker_app.app_context():
        worker.beat(monotonic())
    found = unsafe(client)
    assert {reason for reason, holds in found.items() if holds} == {*worker.faults}
    assert client.get("/safetyz").json["late"] == [*worker.faults]


def test_a_database_that_only_reads_is_no_database_that_is_gone(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def only_reads() -> None:
        raise OperationalError("INSERT", {}, Exception("read-only"))

    assert figure(client, "interlude_database_takes_writes") == 1
    monkeypatch.setattr(operations, "write_probe", only_reads)
    assert figure(client, "interlude_database_takes_writes") == 0
    assert figure(client, "interlude_database_up") == 1


def test_faults_of_crisis_routes_are_counted_from_none_on(client: FlaskClient) -> None:
    """Prometheus sees no rise in what was not there before."""
    for route in ("check-ins", "help-requests", "sync", "check-ins/<uuid:check_in_id>/amend"):
        for status in observed.NEVER:
            labels = f'{{method="POST",route="/v1/{route}",status="{status}"}}'
            assert figure(client, f"interlude_http_requests_total{labels}") >= 0


@pytest.mark.parametrize(("item9", "counted"), [(3, 1), (0, 0)])
def test_a_refusal_with_danger_is_counted(
    client: FlaskClient, clinic: ClinicWorld, item9: int, counted: int
) -> None:
    before = figure(client, "interlude_refused_with_danger_total")
    assert post(client, clinic.patient(), phq9(item9=item9, surprise=1)).status_code == 422
    assert figure(client, "interlude_refused_with_danger_total") == before + counted


def test_an_answer_stands_when_its_refusal_cannot_be_counted(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(REFUSED_WITH_DANGER), "inc", None)
    answer = post(client, clinic.patient(), phq9(item9=3, surprise=1))
    assert answer.status_code == 422
    assert answer.json["safety"]["level"] == "crisis"


def test_what_a_sync_stores_is_counted_once(client: FlaskClient, clinic: ClinicWorld) -> None:
    pat, kinds = clinic.patient(), ("check_in", "amendment", "side_effects", "help_request")
    series = [f'interlude_records_stored_total{{kind="{kind}"}}' for kind in kinds]
    before = [figure(client, one) for one in series]
    form = check_in()
    sent = [form, amendment(form, 1), report(), asks_for_help(), check_in(answers={"q1": 9})]
    assert statuses(sync(client, pat, *sent)) == [201, 201, 201, 201, 422]
    sync(client, pat, *sent)
    assert [figure(client, one) for one in series] == [count + 1 for count in before]


def test_a_sync_stands_when_it_cannot_be_counted(
    client: FlaskClient, clinic: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(RECORDS), "labels", None)
    assert statuses(sync(client, clinic.patient(), check_in())) == [201]
