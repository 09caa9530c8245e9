"""Pages get out at least once, and what fails is recorded and goes to the next person."""

from __future__ import annotations

import hashlib
import hmac
import sys
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import pytest
from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from models import Contact, User
from models.encryption import keyring
from services.alerts.delivery.sending import Pace, deliver_one
from services.channels.base import Page, Receipt, short_id
from services.channels.console import ConsoleChannel
from services.exceptions import OutcomeUnknown
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import Scene
from tests.builders.workers import FIRST, PUBLIC_URL, SECOND
from tests.fixtures.app import SECRET
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver


def recipients(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


def test_a_page_is_a_mail_with_the_severity_and_a_link_and_nothing_about_anybody(
    scene: Scene, smtp_server: MailServer
):
    patient = scene.clinic.patient("Pat Quagga", phone="+15550199")
    alert_id = scene.answer(patient)
    scene.work()
    (mail,) = smtp_server.inbox
    (page,) = scene.notifications()
    assert mail["Message-ID"] == f"<{page.id}@hospital.test>"
    assert mail["X-Interlude-Alert"] == str(alert_id)
    name = f"CRITICAL alert {short_id(alert_id)}, North Clinic"
    assert mail["Subject"] == f"[Interlude] {name}: open and acknowledge"
    assert (mail["To"], mail["From"]) == (FIRST, "interlude@hospital.test")
    assert f"{PUBLIC_URL}/a/{alert_id}" in mail.get_content()
    whole = mail.as_string().casefold()
    assert not any(word in whole for word in ("quagga", "15550199", str(patient.patient_id)))
    assert (page.state, page.sent_at, page.attempts) == ("sent", scene.now, 1)
    assert (page.lease_until, page.lease_token) == (None, None)
    assert scene.outcomes() == ["sent"]
    assert scene.events(alert_id) == ["triggered", "page_queued", "page_sent"]


def test_a_webhook_is_signed_and_a_2xx_means_delivered(
    scene: Scene, webhook_receiver: WebhookReceiver
):
    secret = scene.only_webhook(webhook_receiver.url)
    webhook_receiver.otherwise = Answer(202)
    alert_id = scene.answer(tier="high")
    scene.work()
    (page,) = scene.notifications()
    (request,) = webhook_receiver.requests
    assert request.json() == {
        "notification_id": str(page.id),
        "alert_id": str(alert_id),
        "severity": "high",
        "status": "triggered",
        "triggered_at": "2026-11-20T21:00:00Z",
        "url": f"{PUBLIC_URL}/a/{alert_id}",
    }
    assert request.headers["Idempotency-Key"] == str(page.id)
    stamp, signature = request.headers["Interlude-Signature"].split(",")
    assert stamp == f"t={int(scene.now.timestamp())}"
    signed = f"{stamp[2:]}.".encode() + request.body
    assert signature == "v1=" + hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
    assert page.state == "delivered"
    assert scene.events(alert_id)[-1] == "page_delivered"


def test_with_mail_down_attempts_are_recorded_and_the_next_contact_is_tried_at_once(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.refuse_connections()
    alert_id = scene.answer()
    scene.work()
    assert scene.pages() == [(1, step, "failed_temporarily") for step in (1, 2, 3)]
    assert scene.outcomes() == ["smtp_unreachable"] * 3
    assert scene.events(alert_id).count("page_failed") == 3
    first = {page.id for page in scene.notifications()}

    smtp_server.accept_connections()
    scene.later(minutes=1)
    scene.work()
    assert sorted(recipients(smtp_server)) == sorted([FIRST, SECOND, scene.clinic.admin.email])
    assert {str(mail["Message-ID"]) for mail in smtp_server.inbox} == {
        f"<{id}@hospital.test>" for id in first
    }
    assert {state for _, _, state in scene.pages()} == {"sent"}


def test_while_mail_is_down_the_rounds_do_not_pile_up_and_the_oldest_page_keeps_its_age(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.refuse_connections()
    began = scene.now
    alert_id = scene.answer()
    scene.work()
    for _ in range(6):
        scene.later(minutes=10)
        scene.work()
    assert len(scene.notifications()) == 3
    assert {page.created_at for page in scene.notifications()} == {began}
    assert scene.alert(alert_id).page_round == 7
    assert "page_still_unsent" in scene.events(alert_id)

    smtp_server.accept_connections()
    scene.later(minutes=10)
    scene.work()
    assert scene.pages()[0] == (8, 1, "sent")


def test_a_refused_address_is_given_up_and_the_next_person_paged_at_once(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_PERMANENTLY, {FIRST}
    scene.answer(tier="high")
    scene.work()
    assert scene.pages() == [(1, 1, "failed_permanently"), (1, 2, "sent")]
    assert scene.outcomes() == ["smtp_550", "sent"]
    assert recipients(smtp_server) == [SECOND]


def test_a_temporary_refusal_is_tried_again_with_growing_waits(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_TEMPORARILY, {FIRST}
    scene.answer(tier="high")
    waits = []
    for _ in range(6):
        scene.work()
        waits.append((scene.notifications()[0].due_at - scene.now).total_seconds())
        scene.later(seconds=waits[-1])
    assert waits == [5, 10, 20, 40, 60, 60]
    smtp_server.fault = MailFault.NONE
    scene.work()
    assert scene.pages()[0] == (1, 1, "sent")
    assert scene.notifications()[0].attempts == 7


def test_jitter_only_shortens_the_wait_and_by_a_half_at_most():
    assert Pace(30, 4, 60, jitter=lambda: 1.0).retry_after(1).total_seconds() == 2
    assert Pace(30, 4, 60, jitter=lambda: 0.0).retry_after(500).total_seconds() == 60
    assert 2 <= Pace(30, 4, 60).retry_after(1).total_seconds() <= 4


@pytest.mark.parametrize(
    ("answer", "outcome", "state"),
    [
        (Answer(500), "webhook_500", "failed_temporarily"),
        (Answer(429), "webhook_429", "failed_temporarily"),
        (Answer(410), "webhook_410", "failed_permanently"),
        (Answer(302, headers={"Location": "/elsewhere"}), "webhook_302", "failed_permanently"),
        (Answer(drop=True), "webhook_unreachable", "failed_temporarily"),
    ],
)
def test_a_webhook_that_does_not_take_it_brings_the_next_person(
    scene: Scene,
    webhook_receiver: WebhookReceiver,
    smtp_server: MailServer,
    answer: Answer,
    outcome: str,
    state: str,
):
    scene.only_webhook(webhook_receiver.url)
    webhook_receiver.otherwise = answer
    scene.answer()
    scene.work()
    assert scene.pages() == [(1, 1, state), (1, 2, "sent")]
    assert scene.outcomes()[0] == outcome
    assert len(webhook_receiver.requests) == 1
    assert recipients(smtp_server) == [scene.clinic.admin.email]


def test_a_contact_that_left_after_the_page_was_queued_is_skipped_at_once(
    scene: Scene, smtp_server: MailServer
):
    scene.answer()
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).where(Contact.position == 1).values(active=False))
    scene.work()
    assert scene.outcomes() == ["recipient_left", "sent"]
    assert len(smtp_server.inbox) == 1


def test_the_last_resort_is_paged_even_when_its_account_is_closed(
    scene: Scene, smtp_server: MailServer
):
    pat = scene.clinic.patient()
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        session.execute(update(Contact).where(~Contact.last_resort).values(active=False))
        session.execute(update(User).where(User.id != pat.user_id).values(active=False))
    scene.answer(pat)
    scene.work()
    assert recipients(smtp_server) == [scene.clinic.admin.email]


def test_an_address_that_no_key_opens_stops_nobody_else(scene: Scene, smtp_server: MailServer):
    scene.answer()
    keyring.use("another-secret-that-never-wrote-anything-here")
    try:
        scene.work()
    finally:
        keyring.use(SECRET)
    assert scene.outcomes() == ["address_unreadable"] * 3
    scene.later(minutes=1)
    scene.work()
    assert len(smtp_server.inbox) == 3


@dataclass
class Broken:
    """A channel with a fault of its own."""

    fault: Exception

    def send(self, page: Page, now: datetime) -> Receipt:
        raise self.fault


def test_a_fault_in_a_channel_is_recorded_like_any_failure(scene: Scene):
    scene.answer()
    with scene.worker_app.app_context(), pytest.raises(ZeroDivisionError):
        deliver_one("email", {"email": Broken(ZeroDivisionError())}, scene.pace, lambda: scene.now)
    assert scene.outcomes() == ["sender_fault"]
    assert scene.pages() == [(1, 1, "failed_temporarily")]


@pytest.mark.parametrize("gone", [OperationalError("", {}, Exception()), OutcomeUnknown()])
def test_when_the_database_fails_under_a_sender_the_lease_brings_the_page_back(
    scene: Scene, smtp_server: MailServer, gone: Exception
):
    scene.answer()
    with scene.worker_app.app_context(), pytest.raises(type(gone)):
        deliver_one("email", {"email": Broken(gone)}, scene.pace, lambda: scene.now)
    assert scene.outcomes() == []
    scene.later(seconds=31)
    scene.work()
    assert scene.pages() == [(1, 1, "sent")]


def test_a_first_page_waits_for_no_clock_that_is_ahead(scene: Scene, smtp_server: MailServer):
    """The answer came to a web process whose clock is seven minutes ahead of the workers'."""
    scene.later(minutes=7)
    alert_id = scene.answer()
    scene.later(minutes=-7)
    scene.work()
    assert scene.pages() == [(1, 1, "sent")]
    scene.work()
    assert recipients(smtp_server) == [FIRST]
    assert scene.events(alert_id) == ["triggered", "page_queued", "page_sent"]


def test_a_page_that_follows_waits_its_minute_though_clocks_are_a_little_apart(
    scene: Scene, smtp_server: MailServer
):
    pat = scene.clinic.patient()
    scene.ask_for_help(pat)
    scene.work()
    scene.ask_for_help(pat)
    scene.later(seconds=-1.5)
    scene.work()
    assert [state for _, _, state in scene.pages()] == ["sent", "pending"]


def test_without_a_mail_server_the_page_is_shown_and_reached_nobody(
    scene: Scene, capsys: pytest.CaptureFixture[str]
):
    console = ConsoleChannel(sys.stdout, "interlude@hospital.test", PUBLIC_URL)
    shown = replace(scene, channels={"email": console})
    alert_id = shown.answer()
    shown.work()
    assert f"/a/{alert_id}" in capsys.readouterr().out
    assert shown.outcomes() == ["no_mail_server"] * 3


def test_an_unsent_page_of_an_acknowledged_alert_still_goes_out(
    scene: Scene, smtp_server: MailServer
):
    alert_id = scene.answer()
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.work()
    assert recipients(smtp_server) == [FIRST]


def test_a_page_that_failed_is_given_up_once_its_alert_is_resolved(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    alert_id = scene.answer()
    scene.change(alert_id, lifecycle.resolved)
    scene.work()
    assert scene.pages() == [(1, 1, "failed_permanently")]
    assert scene.alert(alert_id).next_at is None


def test_each_page_names_its_own_alert(scene: Scene, smtp_server: MailServer):
    ids = {scene.answer() for _ in range(2)}
    scene.work()
    assert {UUID(str(mail["X-Interlude-Alert"])) for mail in smtp_server.inbox} == ids
