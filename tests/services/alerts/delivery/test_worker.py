"""The worker as it runs: woken by commits, surviving faults and the loss of the database."""

from __future__ import annotations

from dataclasses import replace
from threading import Event, Thread
from threading import enumerate as enumerate_threads

import psycopg
import pytest
from flask import Flask
from psycopg.errors import ReadOnlySqlTransaction
from sqlalchemy import create_engine, update

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Alert
from models.database import db
from services.alerts.delivery.listener import WakeListener
from services.alerts.writing import notify_statement
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import channels_to, working
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.running import wait_until
from tests.fixtures.webhook import WebhookReceiver

NOWHERE = "postgresql://interlude_worker@127.0.0.1:9/nowhere?connect_timeout=1"


def test_a_commit_wakes_the_worker_long_before_its_next_look(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
):
    scene.answer()
    with working(scene.worker, database_urls.worker, poll_s=60):
        smtp_server.wait_for(1)
        scene.answer()
        with scene.app.app_context(), transaction() as session:
            session.execute(notify_statement())
        smtp_server.wait_for(2)
        # The worker sleeps for a minute if nobody wakes it: once more, so that it sees the end.
        wake(scene)


def wake(scene: Scene) -> None:
    def call() -> None:
        with scene.app.app_context(), transaction() as session:
            session.execute(notify_statement())

    Thread(target=call).start()


def test_the_poll_finds_what_nobody_announced(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
):
    with working(scene.worker, database_urls.worker):
        scene.answer()
        smtp_server.wait_for(1)


def test_a_mail_server_that_hangs_does_not_stop_webhooks(
    scene: Scene,
    smtp_server: MailServer,
    webhook_receiver: WebhookReceiver,
    database_urls: DatabaseUrls,
):
    smtp_server.fault = MailFault.HANG
    scene.channels = channels_to(smtp_server.receiver.port, timeout_s=2)
    patients = [scene.clinic.patient() for _ in range(6)]
    with working(scene.worker, database_urls.worker):
        for pat in patients:
            scene.answer(pat)
        scene.clinic.contact(webhook_receiver.url)
        scene.later(minutes=20)
        webhook_receiver.wait_for(1)
        smtp_server.release()


def test_the_database_may_go_and_come_back(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
):
    with working(scene.worker, database_urls.worker, poll_s=0.05):
        scene.answer()
        smtp_server.wait_for(1)
        with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
            for _ in range(3):
                admin.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE usename = 'interlude_worker' AND datname = current_database()"
                )
        scene.answer()
        smtp_server.wait_for(2)


class StandbyListener(WakeListener):
    """Reaches a standby, as for a moment after a failover: nobody can listen there."""

    def __init__(self, error: Exception) -> None:
        super().__init__(NOWHERE)
        self.error, self.waited = error, 0

    def wait(self, timeout_s: float) -> bool:
        self.waited += 1
        raise self.error


def test_a_thread_that_cannot_be_started_ends_all_of_them(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
):
    """Too many processes, no memory: whoever waits for the others would page nobody, for ever."""

    class Unstartable(Thread):
        def start(self) -> None:
            if self.name == "monitors":
                raise RuntimeError("can't start new thread")
            super().start()

    monkeypatch.setattr("services.alerts.delivery.worker.Thread", Unstartable)
    before = set(enumerate_threads())
    with pytest.raises(RuntimeError, match="new thread"):
        scene.worker.work(WakeListener(NOWHERE), 0.05, Event())
    assert set(enumerate_threads()) <= before


def test_it_lives_on_where_nobody_can_listen(scene: Scene, smtp_server: MailServer):
    listener, stopping = StandbyListener(ReadOnlySqlTransaction()), Event()
    thread = Thread(target=scene.worker.work, args=(listener, 0.05, stopping))
    thread.start()
    try:
        scene.answer()
        smtp_server.wait_for(1)
        wait_until(lambda: listener.waited > 1, "it tries again")
    finally:
        stopping.set()
        thread.join(30)
    assert not thread.is_alive()


def test_a_loop_that_ends_takes_its_threads_along(scene: Scene):
    """Else the process would stay, page nobody, and not be started again."""
    before, stopping = set(enumerate_threads()), Event()
    with pytest.raises(RuntimeError, match="a fault of ours"):
        scene.worker.work(StandbyListener(RuntimeError("a fault of ours")), 0.05, stopping)
    assert stopping.is_set()
    assert set(enumerate_threads()) <= before


def test_without_a_database_it_waits_and_still_stops_on_signal(scene: Scene):
    gone = Flask("gone")
    gone.config["SQLALCHEMY_DATABASE_URI"] = NOWHERE.replace("postgresql", "postgresql+psycopg")
    db.init_app(gone)
    with working(replace(scene.worker, in_context=gone.app_context), NOWHERE, poll_s=0.05):
        pass


def test_an_alert_that_cannot_be_moved_keeps_no_other_waiting(
    scene: Scene, smtp_server: MailServer
):
    broken, sound = (scene.answer() for _ in range(2))
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(
            update(Alert)
            .where(Alert.id == broken)
            .values(round_started_at=None, page_step=2, next_at=scene.now)
        )
    scene.later(minutes=10)
    scene.work()
    assert scene.alert(sound).page_step == 2
    assert scene.alert(broken).page_step == 2
    assert len(smtp_server.inbox) == 3


def test_a_server_that_lets_nobody_listen_is_let_go(
    database_urls: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
):
    """Whatever it says: the next call connects anew."""
    channel = "services.alerts.delivery.listener.WAKE_CHANNEL"
    with WakeListener(libpq_url(database_urls.worker)) as listener:
        with monkeypatch.context() as patched:
            patched.setattr(channel, "")
            with pytest.raises(psycopg.errors.SyntaxError):
                listener.wait(0)
        assert listener.wait(0)


def test_the_listener_wakes_once_it_is_connected_and_connects_anew(database_urls: DatabaseUrls):
    engine = create_engine(database_urls.app)
    with WakeListener(libpq_url(database_urls.worker)) as listener:
        assert listener.wait(0)
        assert not listener.wait(0.01)
        with engine.begin() as connection:
            connection.execute(notify_statement())
        assert listener.wait(10)
        with psycopg.connect(libpq_url(database_urls.admin), autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
            )
        with pytest.raises(psycopg.OperationalError):
            listener.wait(10)
        assert listener.wait(0)
    engine.dispose()
