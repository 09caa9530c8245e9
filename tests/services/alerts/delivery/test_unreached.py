"""When a round reaches nobody: it starts again soon, and the last resort is told why."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.builders.scene import Scene
from tests.builders.workers import FIRST, SECOND
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import WebhookReceiver


def recipients(server: MailServer) -> list[str]:
    return [str(mail["X-Received-For"]) for mail in server.inbox]


def gaps(scene: Scene, rounds: int) -> list[float]:
    """Seconds between the starts of so many rounds."""
    started = []
    alert_id = scene.answer()
    for _ in range(rounds):
        scene.work()
        alert = scene.alert(alert_id)
        assert alert.round_started_at is not None
        started.append(alert.round_started_at)
        assert alert.next_at is not None
        scene.now = alert.next_at
    return [(after - before).total_seconds() for before, after in pairwise(started)]


@pytest.mark.parametrize("fault", [MailFault.SENDER_REFUSED, MailFault.REFUSE_PERMANENTLY])
def test_a_round_that_reached_nobody_starts_again_after_growing_waits(
    scene: Scene, smtp_server: MailServer, fault: MailFault
):
    smtp_server.fault = fault
    assert gaps(scene, 8) == [30, 60, 120, 240, 480, 600, 600]


def test_a_server_that_wanted_a_log_in_for_20_s_delays_a_page_by_little(
    scene: Scene, smtp_server: MailServer
):
    smtp_server.fault = MailFault.SENDER_REFUSED
    alert_id = scene.answer()
    for _ in range(20):
        scene.work()
        scene.later(seconds=1)
    assert scene.outcomes() == ["smtp_530"] * len(scene.outcomes())
    assert {state for _, _, state in scene.pages()} == {"failed_temporarily"}
    assert scene.events(alert_id).count("nobody_reached") == 1
    smtp_server.fault, began = MailFault.NONE, scene.now
    while not smtp_server.inbox:
        scene.later(seconds=1)
        scene.work()
    assert (scene.now - began).total_seconds() <= 20
    # From then on it is a round like any other.
    alert = scene.alert(alert_id)
    assert alert.unreached_rounds == 0
    assert alert.round_started_at is not None
    assert alert.next_at is not None
    assert (alert.next_at - alert.round_started_at).total_seconds() == 600


def test_a_round_that_reached_somebody_waits_its_ten_minutes(scene: Scene, smtp_server: MailServer):
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_PERMANENTLY, {SECOND}
    admin = scene.clinic.admin.email
    alert_id = scene.answer()
    scene.work()
    smtp_server.faulty_recipients = {SECOND, admin}
    scene.later(minutes=10)
    scene.work()
    alert = scene.alert(alert_id)
    assert (alert.page_round, alert.unreached_rounds) == (2, 0)
    assert recipients(smtp_server) == [FIRST, FIRST]


def test_the_last_resort_reads_why(scene: Scene, smtp_server: MailServer):
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_PERMANENTLY, {FIRST}
    scene.answer()
    scene.work()
    scene.later(minutes=10)
    scene.work()
    second, last = smtp_server.inbox
    assert str(last["To"]) == scene.clinic.admin.email
    lines = last.get_content().splitlines()
    at = lines.index("You are the last resort:")
    assert lines[at + 1 : at + 3] == [
        "contact 1 (email) could not be reached: smtp_550.",
        "contact 2 (email) was paged and has not acknowledged.",
    ]
    assert "You are the last resort" not in second.get_content()


def test_the_last_resort_reads_that_nobody_else_is_there_or_that_a_page_still_hangs(
    scene: Scene, smtp_server: MailServer, webhook_receiver: WebhookReceiver
):
    scene.only_webhook(webhook_receiver.url)
    del scene.channels["webhook"]  # no worker sends them
    scene.answer()
    scene.work()
    scene.later(minutes=10)
    scene.work()
    (mail,) = smtp_server.inbox
    assert "contact 3 (webhook): the page is not out yet." in mail.get_content()
    scene.set_contacts(active=False)
    scene.answer()
    scene.work()
    assert "Nobody else is on the contact chain." in smtp_server.inbox[-1].get_content()
