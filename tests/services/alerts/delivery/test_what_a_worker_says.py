"""A line at the start, one for each outcome, none for looking in vain; nothing about anybody."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import chain, repeat
from typing import Any

import psycopg
import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Notification
from services.alerts.delivery import heartbeat
from services.alerts.delivery import worker as worker_module
from services.channels.base import ChannelError, Message, Receipt
from services.operations.safety import safety
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import working
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.running import wait_until


def about(lines: list[Any], *events: str) -> list[dict[str, Any]]:
    return [line for line in lines if line["event"] in events]


def test_each_outcome_is_one_line_and_an_idle_pass_none(
    scene: Scene, smtp_server: MailServer
) -> None:
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    alert_id = scene.answer()
    with capture_logs() as lines:
        scene.work()
    tried = about(lines, "worker_tried")
    assert [(line["outcome"], line["log_level"]) for line in tried[:1]] == [("smtp_451", "warning")]
    assert {line["alert_id"] for line in tried} == {str(alert_id)}
    smtp_server.fault = MailFault.NONE
    scene.later(minutes=2)
    with capture_logs() as lines:
        scene.work()
    assert {line["outcome"] for line in about(lines, "worker_tried")} == {"sent"}
    for line in lines:
        assert "@" not in str(line)
        assert "quagga" not in str(line).casefold()
    with capture_logs() as lines:
        scene.work()
    assert lines == []
    scene.later(minutes=15)
    with capture_logs() as lines:
        scene.work()
    assert about(lines, "alert_moved") == [
        {"event": "alert_moved", "alert_id": str(alert_id), "log_level": "info"}
    ]


def test_a_morning_mail_and_a_silence_have_a_line_too(
    scene: Scene, smtp_server: MailServer
) -> None:
    scene.answer(tier="medium")
    scene.later(days=3)
    with capture_logs() as lines:
        scene.worker.work_once()
    (mail,) = about(lines, "morning_mail")
    assert mail["clinic_id"] == str(scene.clinic.id)
    assert "digest" in {line["kind"] for line in about(lines, "worker_tried")}


def test_it_begins_and_ends_with_a_line_and_tells_what_does_not_work(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls, monkeypatch: Any
) -> None:
    monkeypatch.setattr(worker_module, "LOOK_AGAIN_S", 0.05)
    monkeypatch.setattr(worker_module, "LOOK_EVERY_S", 0.05)
    found = [("no_public_url",), ("no_public_url", "clocks_differ"), ("clocks_differ",)]
    looks = chain(found, repeat(()))
    looking = replace(scene.worker, look=lambda: next(looks))

    def faults() -> list[Any]:
        with psycopg.connect(libpq_url(database_urls.admin)) as admin:
            return [row[0] for row in admin.execute("SELECT faults FROM worker_heartbeats")]

    with capture_logs() as lines, working(looking, database_urls.worker, poll_s=0.05):
        wait_until(lambda: len(about(lines, "worker_fault_over")) == 2, "both are over")
        wait_until(lambda: faults()[-1:] == [[]], "its heartbeat says so")
    news = about(lines, "worker_fault_found")
    assert [each["fault"] for each in news] == ["no_public_url", "clocks_differ"]
    assert {each["log_level"] for each in news} == {"warning"}
    assert "INTERLUDE_PUBLIC_URL" in news[0]["meaning"]
    started, ended = about(lines, "worker_started", "worker_stopped")
    assert started["channels"] == ["email", "webhook"]
    assert started["worker_id"] == ended["worker_id"]


def test_its_heartbeat_goes_on_when_its_clock_goes_back(
    scene: Scene, database_urls: DatabaseUrls, monkeypatch: Any
) -> None:
    monkeypatch.setattr(heartbeat, "EVERY_S", 0.05)

    def at_work() -> bool:
        with scene.app.app_context():
            return "no_worker" not in safety(scene.now).late

    with working(scene.worker, database_urls.worker, poll_s=0.05):
        wait_until(at_work, "it is seen at work")
        scene.later(hours=-3)
        with psycopg.connect(libpq_url(database_urls.admin)) as admin:
            admin.execute("UPDATE worker_heartbeats SET beat_at = now() - interval '40 s'")
        wait_until(at_work, "it is seen at work again")


class TakenMeanwhile:
    """A channel so slow that another worker has recorded its page before it answers."""

    def __init__(self, scene: Scene, *, fails: bool) -> None:
        self.scene, self.fails = scene, fails

    def send(self, message: Message, now: datetime) -> Receipt:
        with self.scene.worker_app.app_context(), transaction(self.scene.clinic.id) as session:
            done = {"state": "sent", "lease_token": None, "lease_until": None}
            session.execute(update(Notification).values(**done))
        if self.fails:
            raise ChannelError("smtp_timeout")
        return Receipt.SENT


@pytest.mark.parametrize("fails", [False, True])
def test_what_another_worker_has_recorded_is_no_outcome_of_this_one(
    scene: Scene, fails: bool
) -> None:
    scene.answer()
    scene.channels = {"email": TakenMeanwhile(scene, fails=fails)}
    with capture_logs() as lines:
        scene.work()
    assert about(lines, "worker_tried") == []
