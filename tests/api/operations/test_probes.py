"""Alive, ready, safe: the probes tell the truth, and nothing about anybody."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert, select, update

from api.embedded.urls import DatabaseUrls
from migrations.numbered import migrations, newest_migration
from migrations.roles import libpq_url
from models import Alert, Contact, Notification
from models.base import new_id
from models.database import db
from services.alerts.delivery.heartbeat import Heartbeat
from services.clock import utcnow
from services.operations import rule_files
from services.operations.revision import WRITTEN_EVERY
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, World


@pytest.fixture(autouse=True)
def worker_seen(worker_app: Flask) -> None:
    """A worker is at work."""
    with worker_app.app_context():
        Heartbeat().beat(monotonic())


def seen_ago(urls: DatabaseUrls, seconds: float) -> None:
    """The worker was seen at work so long ago, and never since."""
    with psycopg.connect(libpq_url(urls.admin)) as admin:
        admin.execute(
            "UPDATE worker_heartbeats SET beat_at = now() - make_interval(secs => %s)", (seconds,)
        )


def open_alert(app: Flask, clinic: ClinicWorld, **fields: object) -> UUID:
    """A critical alert of a new patient, triggered three minutes ago, next step in the future."""
    patient, at, alert_id = clinic.patient(), utcnow() - timedelta(minutes=3), new_id()
    row = {
        "clinic_id": clinic.id,
        "id": alert_id,
        "patient_id": patient.patient_id,
        "family": "suicide_risk",
        "rule": "S1",
        "rule_version": "test",
        "severity": "critical",
        "ladder_severity": "critical",
        "page_severity": "critical",
        "triggered_at": at,
        "newest_occurrence_at": at,
        "next_at": utcnow() + timedelta(minutes=7),
    }
    with app.app_context(), transaction(clinic.id) as session:
        session.execute(insert(Alert).values(row | fields))
    return alert_id


def queue_page(app: Flask, clinic: ClinicWorld, alert_id: UUID, **fields: object) -> UUID:
    """A page of that alert to the last resort, queued now."""
    page_id, at = new_id(), fields.get("created_at", utcnow())
    row = {
        "clinic_id": clinic.id,
        "id": page_id,
        "kind": "page",
        "alert_id": alert_id,
        "page_round": 0,
        "page_step": 0,
        "channel": "email",
        "severity": "critical",
        "created_at": at,
        "due_at": at,
    }
    with app.app_context(), transaction(clinic.id) as session:
        contact = session.scalars(
            select(Contact.id).where(Contact.clinic_id == clinic.id, Contact.last_resort)
        ).one()
        session.execute(insert(Notification).values(row | {"contact_id": contact} | fields))
    return page_id


def ago(seconds: float) -> dict[str, object]:
    return {"created_at": utcnow() - timedelta(seconds=seconds)}


def set_state(app: Flask, clinic: ClinicWorld, page_id: UUID, state: str) -> None:
    with app.app_context(), transaction(clinic.id) as session:
        session.execute(update(Notification).where(Notification.id == page_id).values(state=state))


def test_the_probes_need_no_token(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "alive"}
    assert client.get("/readyz").json == {"status": "ready", "revision": newest_migration()}
    assert client.get("/safetyz").json["late"] == []


def test_it_is_not_ready_at_another_revision(
    client: FlaskClient, database_urls: DatabaseUrls
) -> None:
    older = migrations()[1]
    with psycopg.connect(libpq_url(database_urls.owner), autocommit=True) as owner:
        owner.execute("UPDATE alembic_version SET version_num = %s", (older,))
        try:
            answer = client.get("/readyz")
        finally:
            known = (newest_migration(),)
            owner.execute("UPDATE alembic_version SET version_num = %s", known)
    assert answer.status_code == 503
    assert answer.mimetype == "application/problem+json"
    assert answer.json["code"] == "unavailable"
    assert answer.headers["Retry-After"]


def test_a_young_unsent_page_is_no_outage(
    app: Flask, worker_app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    queue_page(worker_app, clinic, open_alert(app, clinic), **ago(30))
    answer = client.get("/safetyz")
    assert answer.status_code == 200
    assert answer.json["unsent_pages"] == {"critical": 1}
    assert 30 <= answer.json["oldest_unsent_s"]["critical"] < 60
    assert 180 <= answer.json["oldest_unacknowledged_critical_s"] < 200


def test_an_unsent_critical_page_older_than_a_minute_is_an_outage(
    app: Flask, worker_app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    page = queue_page(worker_app, clinic, open_alert(app, clinic), **ago(61))
    answer = client.get("/safetyz")
    assert answer.status_code == 503
    assert answer.json["late"] == ["critical_page_unsent"]
    assert "critical page has waited" in answer.json["detail"]
    assert answer.json["oldest_unsent_s"]["critical"] > 60
    set_state(worker_app, clinic, page, "sent")
    assert client.get("/safetyz").status_code == 200


def test_it_sees_the_pages_of_every_clinic(
    app: Flask, worker_app: Flask, client: FlaskClient, world: World
) -> None:
    for name in ("North", "South"):
        clinic = world.clinic(name)
        queue_page(worker_app, clinic, open_alert(app, clinic), **ago(61))
    assert client.get("/safetyz").json["unsent_pages"] == {"critical": 2}


@pytest.mark.parametrize(
    ("severity", "seconds", "late"),
    [
        ("high", 1430, []),
        ("high", 1450, ["high_page_unsent"]),
        ("critical", 59, []),
        ("critical", 61, ["critical_page_unsent"]),
        ("medium", 90_000, []),
    ],
)
def test_late_is_a_tenth_of_the_step_of_the_clinics_ladder(
    app: Flask,
    worker_app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    severity: str,
    seconds: float,
    late: list[str],
) -> None:
    queue_page(worker_app, clinic, open_alert(app, clinic), severity=severity, **ago(seconds))
    answer = client.get("/safetyz")
    assert answer.json["late"] == late
    assert answer.status_code == (503 if late else 200)
    assert answer.json["oldest_unsent_s"][severity] >= seconds


def test_another_ladder_is_measured_by_itself(
    app: Flask, worker_app: Flask, client: FlaskClient, world: World
) -> None:
    slow, quick = world.clinic("Slow"), world.clinic("Quick")
    ladder = {"critical": {"next_after_s": 60, "ack_expires_s": 3600}}
    changed = client.patch("/v1/clinic", json={"ladder": ladder}, headers=quick.admin.headers)
    assert changed.status_code == 200
    queue_page(worker_app, slow, open_alert(app, slow), **ago(10))
    assert client.get("/safetyz").json["late"] == []
    queue_page(worker_app, quick, open_alert(app, quick), **ago(10))
    assert client.get("/safetyz").json["late_pages"] == {"critical": 1}


@pytest.mark.parametrize(("seconds", "late"), [(25, []), (35, ["no_worker"])])
def test_without_a_worker_at_work_nothing_is_well(
    client: FlaskClient, database_urls: DatabaseUrls, seconds: float, late: list[str]
) -> None:
    seen_ago(database_urls, seconds)
    answer = client.get("/safetyz")
    assert answer.json["late"] == late
    assert seconds <= answer.json["worker_seen_s"] < seconds + 60
    if late:
        assert "No alert worker" in answer.json["detail"]


def test_without_a_worker_ever_nothing_is_well(
    client: FlaskClient, database_urls: DatabaseUrls
) -> None:
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
        admin.execute("DELETE FROM worker_heartbeats")
    assert client.get("/safetyz").json["late"] == ["no_worker"]


def test_a_heartbeat_from_the_future_is_no_sign_of_life_and_a_reason(
    client: FlaskClient, worker_app: Flask, database_urls: DatabaseUrls
) -> None:
    """A worker died, and then the database's clock was set back."""
    seen_ago(database_urls, -3600)
    answer = client.get("/safetyz")
    assert (answer.status_code, answer.json["worker_seen_s"]) == (503, None)
    assert answer.json["late"] == ["no_worker", "heartbeat_ahead"]
    assert "has not reached" in answer.json["detail"]
    with worker_app.app_context():
        Heartbeat().beat(monotonic())  # another one is at work: nothing is left of it
    assert client.get("/safetyz").json["late"] == []


def test_a_worker_writes_at_most_every_five_seconds_and_old_ones_are_forgotten(
    worker_app: Flask, database_urls: DatabaseUrls
) -> None:
    one, written_at = Heartbeat(), []
    seen_ago(database_urls, 86_401)
    with worker_app.app_context():
        for seconds in (0, 4, 5, 9.9, 10):
            one.beat(seconds)
            written_at.append(one.beat_s)
    assert written_at == [0, 0, 5, 5, 10]
    with psycopg.connect(libpq_url(database_urls.admin)) as admin:
        assert admin.execute("SELECT id FROM worker_heartbeats").fetchall() == [(one.id,)]


@pytest.mark.parametrize("path", ["/readyz", "/safetyz"])
def test_a_database_that_only_reads_is_not_ready(
    client: FlaskClient, database_urls: DatabaseUrls, path: str
) -> None:
    """As after a failover: every crisis route answers 503 then, and so must the probes."""
    name = psycopg.conninfo.conninfo_to_dict(libpq_url(database_urls.admin))["dbname"]
    with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
        admin.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
        try:
            with client.application.app_context():
                db.engine.dispose()
            answer = client.get(path)
            assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
        finally:
            admin.execute(f'ALTER DATABASE "{name}" RESET default_transaction_read_only')
            with client.application.app_context():
                db.engine.dispose()
    assert client.get(path).status_code == 200


def test_the_probe_writes_at_most_every_five_seconds(
    client: FlaskClient, database_urls: DatabaseUrls
) -> None:
    def written_at() -> datetime:
        with psycopg.connect(libpq_url(database_urls.admin)) as admin:
            row = admin.execute("SELECT written_at FROM probes").fetchone()
        assert row is not None
        at: datetime = row[0]
        return at

    client.get("/readyz")
    first = written_at()
    assert utcnow() - first < WRITTEN_EVERY + timedelta(seconds=60)
    client.get("/safetyz")
    assert written_at() == first


@pytest.mark.parametrize(
    ("other_round", "other_state", "status"),
    [
        (0, "sent", 200),  # the next contact got it
        (0, "delivered", 200),
        (1, "sent", 200),  # a later round got through
        (0, "failed_permanently", 503),  # nobody got it
        (1, "failed_permanently", 503),
    ],
)
def test_a_page_that_failed_for_good_counts_until_another_one_arrives(
    app: Flask,
    worker_app: Flask,
    client: FlaskClient,
    clinic: ClinicWorld,
    other_round: int,
    other_state: str,
    status: int,
) -> None:
    alert = open_alert(app, clinic)
    queue_page(worker_app, clinic, alert, state="failed_permanently", **ago(90))
    other = {"page_round": other_round, "page_step": 1, "state": other_state}
    queue_page(worker_app, clinic, alert, **other, **ago(70))
    assert client.get("/safetyz").status_code == status


def test_a_page_that_failed_for_good_no_longer_counts_once_somebody_acknowledged(
    app: Flask, worker_app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    acknowledged = {
        "status": "acknowledged",
        "acknowledged_by": clinic.admin.user_id,
        "ack_expires_at": utcnow() + timedelta(hours=1),
    }
    alert = open_alert(app, clinic, **acknowledged)
    queue_page(worker_app, clinic, alert, state="failed_permanently", **ago(90))
    answer = client.get("/safetyz")
    assert answer.status_code == 200
    assert answer.json["oldest_unacknowledged_critical_s"] is None


def test_a_ladder_that_stands_still_is_an_outage(
    app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    open_alert(app, clinic, next_at=utcnow() - timedelta(seconds=61))
    answer = client.get("/safetyz")
    assert (answer.status_code, answer.json["late"]) == (503, ["critical_step_overdue"])


def test_the_answer_holds_no_id_and_no_name(
    app: Flask, worker_app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    alert = open_alert(app, clinic)
    page = queue_page(worker_app, clinic, alert, **ago(61))
    for path in ("/safetyz", "/metrics", "/readyz"):
        text = client.get(path).get_data(as_text=True).casefold()
        for secret in (str(clinic.id), str(alert), str(page), "quagga", "clinic.example"):
            assert secret not in text


def test_a_rule_file_that_would_not_load_is_an_outage_before_the_next_start(
    client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copy_of_rules(tmp_path)
    monkeypatch.setattr(rule_files, "DATA", copy)
    monkeypatch.setattr("api.routes.operations.unloadable", lambda: rule_files.unloadable(copy))
    assert client.get("/safetyz").status_code == 200
    (copy / "triage.toml").write_text("version = 1")
    answer = client.get("/safetyz")
    assert (answer.status_code, answer.json["late"]) == (503, ["rules_unloadable"])
    assert answer.json["rules"]["unloadable"] == ["triage.toml"]


@pytest.mark.parametrize("name", sorted(p for p in rule_files.KINDS if "*" not in p))
def test_a_missing_or_broken_rule_file_is_named(tmp_path: Path, name: str) -> None:
    copy = copy_of_rules(tmp_path)
    assert rule_files.unloadable(copy) == ()
    (copy / name).write_text("= no TOML")
    assert rule_files.unloadable(copy) == (name,)
    (copy / name).unlink()
    assert rule_files.unloadable(copy) == (name,)


def copy_of_rules(folder: Path) -> Path:
    copy = folder / "data"
    for path in rule_files.DATA.rglob("*.toml"):
        to = copy / path.relative_to(rule_files.DATA)
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(path.read_bytes())
    return copy


def metric(client: FlaskClient, line: str) -> float:
    """The value of one series; fails when it is not there."""
    for text in client.get("/metrics").get_data(as_text=True).splitlines():
        if text.startswith(f"{line} "):
            return float(text.rpartition(" ")[2])
    raise AssertionError(f"no {line}")


def test_requests_are_counted_by_pattern_method_and_status(client: FlaskClient) -> None:
    line = 'interlude_http_requests_total{method="GET",route="/v1/instruments/<code>",status="401"}'
    client.get("/v1/instruments/phq9")
    before = metric(client, line)
    client.get("/v1/instruments/gad7")
    assert metric(client, line) == before + 1


def test_alerts_and_pages_are_counted_over_all_clinics(
    app: Flask, worker_app: Flask, client: FlaskClient, clinic: ClinicWorld
) -> None:
    queue_page(worker_app, clinic, open_alert(app, clinic), **ago(30))
    alerts = 'interlude_alerts{family="suicide_risk",severity="critical",status="triggered"}'
    assert metric(client, alerts) == 1
    assert metric(client, 'interlude_pages{severity="critical",state="pending"}') == 1
    assert metric(client, 'interlude_unsent_pages{severity="critical"}') == 1
    oldest = 'interlude_oldest_unsent_page_age_seconds{severity="critical"}'
    assert 30 <= metric(client, oldest) < 60
    assert metric(client, "interlude_oldest_unacknowledged_critical_age_seconds") >= 180
    assert metric(client, "interlude_database_up") == 1
