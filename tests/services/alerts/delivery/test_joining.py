"""One unsent page a contact and alert: what comes in joins it, or follows the last one soon."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy import update
from sqlalchemy.exc import ProgrammingError

from models import Notification
from services.alerts.delivery.claiming import claim_due
from services.alerts.delivery.sending import deliver_one
from services.alerts.handling.notes import NewNote, add_note
from services.alerts.opening import load_open_alert
from services.alerts.outbox import PAGE_GAP
from services.channels.base import Message, Receipt
from services.rules.escalation import lifecycle
from services.unit_of_work import transaction
from tests.builders.scene import FAMILY, Scene
from tests.builders.workers import FIRST, SECOND
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer

GAP = PAGE_GAP.total_seconds()


@pytest.fixture
def pat(scene: Scene) -> Person:
    return scene.clinic.patient()


def waits(scene: Scene) -> list[float]:
    """Seconds until each unsent page is due."""
    return [
        (each.due_at - scene.now).total_seconds()
        for each in scene.notifications()
        if each.state not in ("sent", "delivered")
    ]


def test_a_flood_of_help_requests_is_a_page_now_and_one_a_minute(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    for _ in range(20):
        scene.ask_for_help(pat)
    scene.work()
    assert len(smtp_server.inbox) == 1
    for _ in range(20):
        scene.later(seconds=1)
        scene.ask_for_help(pat)
        scene.work()
    assert len(smtp_server.inbox) == 1
    assert waits(scene) == [GAP - 20]
    scene.later(seconds=GAP - 20)
    scene.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [FIRST] * 2
    alert_id = smtp_server.inbox[0]["X-Interlude-Alert"]
    alert = scene.alert(alert_id)
    assert (alert.occurrence_count, len(scene.notifications())) == (40, 2)
    assert scene.events(alert_id).count("page_joined") == 38


def test_every_step_that_was_reached_has_a_page_of_its_own_to_join(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    scene.ask_for_help(pat)
    scene.work()
    scene.later(minutes=10)
    scene.work()
    scene.later(seconds=30)
    scene.ask_for_help(pat)
    # The first was paged ten minutes ago, the second thirty seconds ago.
    assert waits(scene) == [0, GAP - 30]
    scene.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [FIRST, SECOND, FIRST]


@dataclass
class Interrupted:
    """A channel during whose first page something else happens."""

    meanwhile: Callable[[], object]
    sent: list[Message] = field(default_factory=list)

    def send(self, message: Message, now: datetime) -> Receipt:
        if not self.sent:
            self.meanwhile()
        self.sent.append(message)
        return Receipt.SENT


def test_what_comes_in_while_the_page_is_being_sent_follows_it(scene: Scene, pat: Person):
    scene.ask_for_help(pat)
    channel = Interrupted(lambda: [scene.ask_for_help(pat) for _ in range(3)])
    with scene.worker_app.app_context():
        assert deliver_one("email", {"email": channel}, scene.pace, lambda: scene.now)
    assert [state for _, _, state in scene.pages()] == ["sent", "pending"]
    assert waits(scene) == [GAP]


def test_a_page_is_not_claimed_between_being_found_unsent_and_being_joined(
    scene: Scene, pat: Person
):
    scene.ask_for_help(pat)
    with scene.app.app_context(), transaction(scene.clinic.id) as session:
        opened = load_open_alert(session, pat.patient_id, FAMILY, scene.now)
        assert opened is not None
        assert len(opened.outbox.waiting) == 1
        with scene.worker_app.app_context():
            assert claim_due("email", scene.now, PAGE_GAP) is None
    with scene.worker_app.app_context():
        assert claim_due("email", scene.now, PAGE_GAP) is not None


def note(scene: Scene, pat: Person) -> None:
    nurse, alert_id = scene.clinic.staff("on_call"), scene.answer(pat, "high")
    with scene.app.app_context():
        add_note(nurse.actor, alert_id, NewNote("called the ward"), scene.now)


def test_after_a_note_a_further_occurrence_pages_at_once(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    scene.answer(pat, "high")
    scene.work()
    scene.later(seconds=10)
    note(scene, pat)
    scene.later(seconds=1)
    scene.answer(pat, "high")
    assert waits(scene) == [0]  # the page of the answer before the note, hurried
    scene.work()
    assert len(smtp_server.inbox) == 2


def test_a_rise_of_the_tier_pages_at_once(scene: Scene, smtp_server: MailServer, pat: Person):
    scene.answer(pat, "high")
    scene.work()
    scene.later(seconds=10)
    scene.answer(pat, "high")
    assert waits(scene) == [GAP - 10]
    scene.later(seconds=1)
    scene.answer(pat, "critical")
    assert waits(scene) == [0]
    (page,) = [each for each in scene.notifications() if each.state == "pending"]
    assert (page.severity, page.created_at) == ("critical", scene.now)


def test_what_ends_an_acknowledgement_pages_at_once(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    alert_id = scene.answer(pat)
    scene.work()
    scene.later(seconds=5)
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.later(seconds=5)
    scene.ask_for_help(pat)
    assert waits(scene) == [0]
    scene.change(alert_id, lifecycle.acknowledged, scene.clinic.admin.user_id)
    scene.later(minutes=60)
    scene.work()
    assert len(smtp_server.inbox) == 2, "the page that was queued, hurried by the expiry"


def test_a_retry_is_hurried_by_a_step_and_not_by_a_further_occurrence(
    scene: Scene, smtp_server: MailServer, pat: Person
):
    smtp_server.fault = MailFault.REFUSE_TEMPORARILY
    scene.set_contacts(active=False)
    alert_id = scene.answer(pat)
    scene.work()
    assert waits(scene) == [5]
    scene.later(seconds=1)
    scene.answer(pat)
    assert waits(scene) == [4]
    page, alert = scene.notifications()[0], scene.alert(alert_id)
    assert (page.page_round, page.page_step) == (alert.page_round, alert.page_step)
    assert "page_joined" in scene.events(alert_id)


def test_the_api_may_move_a_page_and_nothing_else_of_it(scene: Scene, pat: Person):
    scene.answer(pat)
    for column, value in {"state": "sent", "channel": "webhook", "attempts": 9}.items():
        with (
            scene.app.app_context(),
            pytest.raises(ProgrammingError, match="permission denied"),
            transaction(scene.clinic.id) as session,
        ):
            session.execute(update(Notification).values({column: value}))
    assert scene.pages() == [(1, 1, "pending")]
