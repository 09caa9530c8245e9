"""Faults that meet in a bad moment: whoever can be reached is, and nothing goes on for ever."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Event
from uuid import UUID

import pytest
from sqlalchemy import ColumnElement, LargeBinary, cast, literal, update

from api.embedded.urls import DatabaseUrls
from models import Alert, Contact, User
from models.encryption import keyring
from services.alerts.delivery import worker as worker_module
from services.alerts.delivery.morning_mail import mail_in_the_morning
from services.alerts.delivery.sending import deliver_one
from services.alerts.monitors.candidates import Candidate
from services.channels.base import Channel, Page, Receipt
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND, Killed, working
from tests.fixtures.mail import MailServer

MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)  # 08:00 in Paris
UNREADABLE = pytest.mark.parametrize(
    "stored",
    [lambda: b"\x01 not by any key of this process", lambda: keyring.encrypt(b"x", "other.column")],
    ids=["another key", "moved from another column"],
)


@dataclass
class DiesInIt:
    """A channel under which the process dies."""

    def send(self, page: Page, now: datetime) -> Receipt:
        raise Killed


@dataclass
class SlowerThanTheLease:
    """A channel that gets the page through, but only after another worker has claimed it too."""

    scene: Scene

    def send(self, page: Page, now: datetime) -> Receipt:
        receipt = self.scene.channels["email"].send(page, now)
        self.scene.later(seconds=31)
        with pytest.raises(Killed):
            deliver(self.scene, DiesInIt())
        return receipt


def deliver(scene: Scene, channel: Channel) -> bool:
    with scene.worker_app.app_context():
        return deliver_one("email", {"email": channel}, scene.pace, lambda: scene.now)


def test_a_page_that_got_through_after_its_lease_is_not_sent_for_ever(
    scene: Scene, smtp_server: MailServer
):
    alert_id = scene.answer()
    assert deliver(scene, SlowerThanTheLease(scene))
    assert scene.pages() == [(1, 1, "sent")]
    scene.later(seconds=31)
    scene.work()
    assert len(smtp_server.inbox) == 1
    assert scene.outcomes() == ["lease_expired", "sent"]
    assert scene.events(alert_id).count("page_sent") == 1


def medium(scene: Scene, **fields: object) -> UUID:
    return scene.answer(scene.clinic.patient(**fields), "medium")


def test_a_morning_mail_to_a_contact_that_left_goes_to_the_next_one(
    scene: Scene, smtp_server: MailServer
):
    medium(scene)
    scene.now = MONDAY
    with scene.worker_app.app_context():
        assert mail_in_the_morning(scene.clinic.id, scene.now)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).where(Contact.position == 1).values(active=False))
    scene.work()
    assert [str(mail["X-Received-For"]) for mail in smtp_server.inbox] == [SECOND]


def as_stored(value: bytes) -> ColumnElement[bytes]:
    return cast(literal(value), LargeBinary)


@UNREADABLE
def test_a_member_whose_address_cannot_be_read_keeps_no_mail_back(
    scene: Scene, smtp_server: MailServer, stored: Callable[[], bytes]
):
    doctor, nurse = scene.clinic.staff(), scene.clinic.staff()
    medium(scene, care_team=[doctor.user_id, nurse.user_id])
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(
            update(User).where(User.id == doctor.user_id).values(email=as_stored(stored()))
        )
    scene.now = MONDAY
    scene.work()
    assert {str(mail["X-Received-For"]) for mail in smtp_server.inbox} == {FIRST, nurse.email}
    assert sorted(scene.outcomes()) == ["address_unreadable", "sent", "sent"]


@UNREADABLE
def test_a_first_contact_whose_address_cannot_be_read_keeps_no_mail_back(
    scene: Scene, smtp_server: MailServer, stored: Callable[[], bytes]
):
    doctor = scene.clinic.staff()
    medium(scene, care_team=[doctor.user_id])
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(
            update(Contact).where(Contact.position == 1).values(address=as_stored(stored()))
        )
    scene.now = MONDAY
    scene.work()
    assert [str(mail["X-Received-For"]) for mail in smtp_server.inbox] == [doctor.email]


def test_mail_that_cannot_go_out_keeps_no_ladder_waiting(
    scene: Scene, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.alerts.delivery.escalating.BATCH", 3)
    stuck = [medium(scene) for _ in range(3)]
    critical = scene.answer()
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(
            update(Alert).where(Alert.id.in_(stuck)).values(next_at=scene.now - timedelta(days=1))
        )
        session.execute(update(Contact).values(channel="webhook", last_resort=False))
    scene.later(minutes=10)
    with scene.worker_app.app_context():
        scene.worker.move_time()
    assert scene.alert(critical).page_step == 2


def test_a_look_for_silence_holds_up_no_page(
    scene: Scene,
    smtp_server: MailServer,
    database_urls: DatabaseUrls,
    monkeypatch: pytest.MonkeyPatch,
):
    looking, done = Event(), Event()

    def slow_look(now: datetime) -> Iterator[Candidate]:
        looking.set()
        done.wait(20)
        yield from ()

    monkeypatch.setattr(worker_module, "silent_patients", slow_look)
    with working(scene.worker, database_urls.worker):
        try:
            assert looking.wait(10)
            scene.answer()
            smtp_server.wait_for(1, timeout_s=5)
        finally:
            done.set()
