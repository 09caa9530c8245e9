"""What the auditor found, and that it looks at all, stands in `/safetyz` and `/metrics`."""

from __future__ import annotations

from datetime import timedelta
from time import monotonic

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.types.json import Jsonb

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models.base import new_id
from services.alerts.delivery.heartbeat import Heartbeat
from services.clock import utcnow
from services.operations.safety import REASONS
from services.watch.reminders import UNPLANNED
from services.watch.seals import UNSEALED

RUN = """
INSERT INTO watch_runs (id, at, whole, all_over_below, none_wrote_from, settled_at, finding_count,
  kinds, findings, figures) VALUES (%s, %s, false, 1, 1, %s, %s, %s, '[]', %s)
"""
NO_AUDITOR, NO_ALERT = "no_auditor", "answer_without_alert"


@pytest.fixture(autouse=True)
def worker_seen(worker_app: Flask, clean_database: None) -> None:
    """A worker is at work."""
    with worker_app.app_context():
        Heartbeat().beat(monotonic())


def run_of(urls: DatabaseUrls, age_s: float, *kinds: str, **figures: object) -> None:
    """A run of some seconds ago."""
    at = utcnow() - timedelta(seconds=age_s)
    with psycopg.connect(libpq_url(urls.auditor)) as auditor:
        auditor.execute(RUN, (new_id(), at, at, len(kinds), list(kinds), Jsonb(figures)))


def test_without_a_run_nothing_is_known_of_an_auditor(client: FlaskClient) -> None:
    answer = client.get("/safetyz")
    assert answer.status_code == 200
    found = {key: value for key, value in answer.json.items() if "auditor" in key}
    assert found == {"auditor_seen_s": None, "auditor_findings": 0, "auditor_faults": []}
    assert "interlude_auditor" not in client.get("/metrics").get_data(as_text=True)


@pytest.mark.parametrize(("age_s", "late"), [(5, []), (190, [NO_AUDITOR])])
def test_a_run_of_before_the_clock_was_set_back_says_so_and_hides_nothing(
    client: FlaskClient, database_urls: DatabaseUrls, age_s: float, late: list
) -> None:
    run_of(database_urls, age_s)
    run_of(database_urls, -3600)
    answer = client.get("/safetyz")
    assert answer.json["late"] == [*late, "auditor_ahead"]
    assert age_s <= answer.json["auditor_seen_s"] < age_s + 60


@pytest.mark.parametrize(
    ("age_s", "kinds", "late"),
    [
        (170, [], []),
        (190, [], [NO_AUDITOR]),
        (5, [NO_ALERT], [NO_ALERT]),
        (190, [NO_ALERT], [NO_AUDITOR, NO_ALERT]),
    ],
)
def test_an_auditor_that_is_late_or_has_found_something_is_a_reason(
    client: FlaskClient, database_urls: DatabaseUrls, age_s: float, kinds: list, late: list
) -> None:
    run_of(database_urls, 1000, "never_paged")
    run_of(database_urls, age_s, *kinds)
    answer = client.get("/safetyz")
    assert answer.json["late"] == late
    assert answer.status_code == (503 if late else 200)
    for word in late:
        assert REASONS[word] in answer.json["detail"]


@pytest.mark.parametrize(
    ("figure", "name"),
    [
        (UNSEALED, "interlude_unsealed_audit_age_seconds "),
        (UNPLANNED, "interlude_unplanned_reminders_age_seconds "),
    ],
)
@pytest.mark.parametrize("age_s", [None, 0.0, 7.5])
def test_the_metrics_tell_how_long_seals_and_reminders_have_waited(
    client: FlaskClient, database_urls: DatabaseUrls, figure: str, name: str, age_s: float | None
) -> None:
    """Nothing where the run was an older release's, which did not look."""
    run_of(database_urls, 20, **({} if age_s is None else {figure: age_s}))
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    shown = [line.removeprefix(name) for line in lines if line.startswith(name)]
    assert shown == ([] if age_s is None else [str(age_s)])
    assert figure not in client.get("/safetyz").json


def test_the_metrics_tell_its_age_its_findings_and_how_long_alerts_took(
    client: FlaskClient, database_urls: DatabaseUrls
) -> None:
    counts = [2, 1, *[0] * 10, 1]
    sums = {"page": {"critical": {"counts": counts, "sum": 7.5}}}
    run_of(database_urls, 20, NO_ALERT, **sums)
    lines = client.get("/metrics").get_data(as_text=True).splitlines()
    assert "interlude_auditor_findings 1.0" in lines
    (age,) = [line for line in lines if line.startswith("interlude_auditor_age_seconds ")]
    assert 20 <= float(age.split()[1]) < 60
    name = "interlude_alert_time_to_page_seconds"
    for line in (
        f'{name}_bucket{{le="1.0",severity="critical"}} 2.0',
        f'{name}_bucket{{le="60.0",severity="critical"}} 3.0',
        f'{name}_bucket{{le="+Inf",severity="critical"}} 4.0',
        f'{name}_count{{severity="critical"}} 4.0',
        f'{name}_sum{{severity="critical"}} 7.5',
        "# TYPE interlude_alert_time_to_resolve_seconds histogram",
    ):
        assert line in lines
