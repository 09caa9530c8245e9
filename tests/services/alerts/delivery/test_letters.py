"""Letters with codes: never in the way of a page, never part of an alert, pages first always."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from threading import Event

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from api.embedded.urls import DatabaseUrls
from models import Notification
from services.alerts.delivery.claiming import LETTERS, claim_due
from services.alerts.delivery.worker import SENDERS_A_CHANNEL
from services.alerts.handling.timeline import show_notifications
from services.alerts.permissions import was_paged
from services.channels.base import Channel, Letter, Message, Receipt
from services.unit_of_work import transaction
from tests.builders.paging.letters import forget_password, queue_letters
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, working
from tests.fixtures.mail import MailFault, MailServer

RESET = "[Interlude] Your code for a new password"


def received(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


@dataclass
class StuckLetters:
    """A channel that carries pages; whatever it does with a letter takes until `released`."""

    pages: Channel
    begun: Event = field(default_factory=Event)
    released: Event = field(default_factory=Event)

    def send(self, message: Message, now: datetime) -> Receipt:
        if isinstance(message, Letter):
            self.begun.set()
            self.released.wait(20)
        return self.pages.send(message, now)


@dataclass
class BrokenLetters:
    """A channel that carries pages, and breaks on every letter."""

    pages: Channel
    twice: Event = field(default_factory=Event)
    tried: int = 0

    def send(self, message: Message, now: datetime) -> Receipt:
        if isinstance(message, Letter):
            self.tried += 1
            if self.tried == 2:
                self.twice.set()
            raise ZeroDivisionError
        return self.pages.send(message, now)


def test_one_run_sends_pages_first_and_then_letters(scene: Scene, smtp_server: MailServer) -> None:
    email = forget_password(scene)
    scene.answer(tier="high")
    scene.worker.work_once()
    assert received(smtp_server) == [FIRST, email]
    assert smtp_server.inbox[1]["Subject"] == RESET


def test_letters_wait_while_a_page_is_due(scene: Scene, smtp_server: MailServer) -> None:
    email = forget_password(scene)
    scene.answer(tier="high")
    scene.worker.send_letters(Event())
    assert received(smtp_server) == []
    scene.work()
    scene.worker.send_letters(Event())
    assert received(smtp_server) == [FIRST, email]


def test_senders_of_pages_take_no_letter(scene: Scene, smtp_server: MailServer) -> None:
    (email,) = queue_letters(scene, 1)
    scene.work()
    assert received(smtp_server) == []
    scene.worker.send_letters(Event())
    assert received(smtp_server) == [email]


def test_a_page_that_fails_again_and_again_keeps_no_letter_for_ever(
    scene: Scene, smtp_server: MailServer
) -> None:
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_TEMPORARILY, {FIRST}
    scene.answer(tier="high")
    email = forget_password(scene)
    scene.worker.work_once()
    assert email in received(smtp_server)


def test_letters_that_hang_take_no_place_of_a_critical_page(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
) -> None:
    queue_letters(scene, SENDERS_A_CHANNEL * 2)
    stuck = StuckLetters(scene.channels["email"])
    worker = replace(scene.worker, channels={"email": stuck})
    patients = [scene.clinic.patient() for _ in range(SENDERS_A_CHANNEL)]
    with working(worker, database_urls.worker, poll_s=0.05):
        assert stuck.begun.wait(10)
        for pat in patients:
            scene.answer(pat)
        smtp_server.wait_for(SENDERS_A_CHANNEL)
        assert set(received(smtp_server)) == {FIRST}
        stuck.released.set()


def test_a_letter_that_breaks_its_channel_is_tried_again_and_stops_nobody(
    scene: Scene, smtp_server: MailServer, database_urls: DatabaseUrls
) -> None:
    queue_letters(scene, 2)
    broken = BrokenLetters(scene.channels["email"])
    scene.answer(tier="high")
    worker = replace(scene.worker, channels={"email": broken})
    with working(worker, database_urls.worker, poll_s=0.05):
        assert broken.twice.wait(10)
        smtp_server.wait_for(1)
    assert received(smtp_server) == [FIRST]


def test_a_request_that_cannot_be_read_keeps_no_letter_waiting(
    scene: Scene, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    emails = queue_letters(scene, 2)

    def broken(_now: datetime) -> bool:
        raise ZeroDivisionError

    monkeypatch.setattr("services.alerts.delivery.worker.issue_one", broken)
    scene.worker.send_letters(Event())
    assert set(received(smtp_server)) == emails


def test_a_worker_that_is_to_stop_begins_no_letter(scene: Scene, smtp_server: MailServer) -> None:
    forget_password(scene)
    stopping = Event()
    stopping.set()
    scene.worker.send_letters(stopping)
    assert received(smtp_server) == []


def refused(scene: Scene, server: MailServer) -> None:
    server.fault = MailFault.REFUSE_PERMANENTLY


def delayed(scene: Scene, server: MailServer) -> None:
    server.fault = MailFault.REFUSE_TEMPORARILY


def sent(scene: Scene, server: MailServer) -> None:
    pass


@pytest.mark.parametrize("fate", [sent, delayed, refused])
def test_a_letter_belongs_to_no_alert_whatever_becomes_of_it(
    scene: Scene, smtp_server: MailServer, fate: Callable[[Scene, MailServer], None]
) -> None:
    alert_id = scene.answer(tier="medium")
    before = scene.events(alert_id)
    reader = scene.clinic.staff("on_call")
    forget_password(scene, reader)
    fate(scene, smtp_server)
    scene.worker.work_once()
    assert len(scene.outcomes()) == 1
    assert scene.events(alert_id) == before
    alert = scene.alert(alert_id)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        assert not was_paged(session, reader.user_id, alert_id)
        assert show_notifications(session, alert, {}) == []


@pytest.mark.parametrize(
    "columns",
    [
        {"sealed_code": None},
        {"expires_at": None},
        {"severity": "critical"},
        {"channel": "webhook"},
        {"state": "sent", "lease_until": None},
        {"kind": "digest"},
    ],
)
def test_the_database_refuses_a_letter_that_is_none(
    scene: Scene, columns: dict[str, object]
) -> None:
    """Above all one that keeps its code after it was sent."""
    queue_letters(scene, 1)
    with scene.worker_app.app_context():
        assert claim_due("email", scene.now, scene.pace.retry_after(1), LETTERS)
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(update(Notification).values(**columns))
