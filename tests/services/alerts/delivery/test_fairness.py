"""Whose page goes first: no alert's first page waits behind another's hundredth, nor one clinic
behind another. Counted in pages, not in seconds; `make prove` takes the time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from services.alerts.delivery.claiming import claim_due
from services.alerts.delivery.sending import deliver_one
from services.alerts.outbox import PAGE_GAP
from services.channels.base import Message, Page, Receipt
from tests.builders.scene import START, Scene
from tests.builders.workers import FIRST
from tests.builders.world import World

FLOOD = 20


@dataclass
class Counting:
    """A channel that takes everything, and in which order."""

    alerts: list[UUID] = field(default_factory=list)

    def send(self, message: Message, now: datetime) -> Receipt:
        assert isinstance(message, Page)
        self.alerts.append(message.alerts[0].alert_id)
        return Receipt.SENT


def send(scene: Scene, channel: Counting, pages: int) -> list[UUID]:
    """The alerts of the next pages, one after the other, as one sender takes them."""
    before = len(channel.alerts)
    for _ in range(pages):
        with scene.worker_app.app_context():
            if not deliver_one("email", {"email": channel}, scene.pace, lambda: scene.now):
                break
    return channel.alerts[before:]


def another_clinic(scene: Scene) -> Scene:
    clinic = World(scene.app, START).clinic()
    clinic.contact(f"mailto:{FIRST}")
    return replace(scene, clinic=clinic)


def test_one_patients_flood_delays_no_other_alert(scene: Scene):
    """Of any size: it is one page, and the next one a minute later."""
    channel, pat, other = Counting(), scene.clinic.patient(), another_clinic(scene)
    for place in range(FLOOD):
        scene.ask_for_help(pat)
        if place % 10 == 0:
            send(scene, channel, 1)
    here, there = scene.answer(), other.answer()
    assert set(send(scene, channel, 2)) == {here, there}
    assert send(scene, channel, 9) == []
    scene.later(minutes=1)
    assert len(send(scene, channel, FLOOD)) == 1


def test_a_clinic_with_many_alerts_takes_turns_with_one_that_has_few(scene: Scene):
    channel, other = Counting(), another_clinic(scene)
    many = [scene.answer() for _ in range(FLOOD)]
    sent = send(scene, channel, 5)
    few = [other.answer() for _ in range(3)]
    assert send(scene, channel, 3) == few, "it has had no turn in the last minute"
    assert [*sent, *send(scene, channel, FLOOD)] == many


def test_what_is_being_sent_is_a_turn_too(scene: Scene):
    waiting = [scene.answer(), scene.answer()]
    first = another_clinic(scene).answer()
    with scene.worker_app.app_context():
        claims = [claim_due("email", scene.now, PAGE_GAP) for _ in range(3)]
    assert [claim and claim.alert_id for claim in claims] == [waiting[0], first, waiting[1]]


def test_a_first_page_goes_before_later_pages_of_other_alerts(scene: Scene):
    channel = Counting()
    old = scene.answer()
    send(scene, channel, 1)
    scene.later(minutes=10)
    with scene.worker_app.app_context():
        scene.worker.move_time()  # the second step of the old alert is due
    scene.later(seconds=1)
    fresh = scene.answer()
    assert send(scene, channel, 2) == [fresh, old]


def test_urgency_and_first_tries_go_before_turns(scene: Scene):
    channel, other = Counting(), another_clinic(scene)
    high = other.answer(tier="high")
    critical = [scene.answer() for _ in range(2)]
    assert send(scene, channel, 3) == [*critical, high]
