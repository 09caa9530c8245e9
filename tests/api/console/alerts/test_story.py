"""The story of an alert: what was sent to whom, what became of it, and how long each took."""

from __future__ import annotations

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask

from api.console.alerts.deliveries import (
    BY,
    deliveries,
    outcome_words,
    reason_words,
    seconds_words,
    state_words,
)
from api.console.alerts.story import headline, story
from api.page.clock import Clock
from models.alerts.notification import CHANNELS, NOTIFICATION_STATES
from services.alerts.handling.hand_over import hand_over
from services.alerts.handling.notes import NewNote, add_note
from services.alerts.handling.ownership import acknowledge
from services.alerts.handling.resolve import Ending, resolve
from services.alerts.handling.show_alerts import get_alert
from tests.builders.reach.methods import add_method
from tests.builders.scene import START, Scene
from tests.builders.workers import FIRST, channels_to
from tests.builders.world import Person, World
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import WebhookReceiver


class Night:
    """A clinic whose chain is one mail address; Ann and Ben answer."""

    def __init__(self, app: Flask, worker_app: Flask, port: int) -> None:
        clinic = World(app, START).clinic()
        clinic.contact(f"mailto:{FIRST}")
        self.scene = Scene(app, worker_app, clinic, channels_to(port))
        self.ann, self.ben = (
            clinic.staff("on_call", name=f"{name} Quagga") for name in ("Ann", "Ben")
        )
        self.alert_id: UUID = self.scene.answer(clinic.patient())

    def do(self, use_case: Any, person: Person, *values: Any) -> None:
        with self.scene.app.app_context():
            use_case(person.actor, self.alert_id, *values, self.scene.now)

    def worked(self, **later: float) -> None:
        """So much time passes, and what is due then is sent."""
        self.scene.later(**later)
        self.scene.work()

    def alert(self) -> dict[str, Any]:
        with self.scene.app.app_context():
            return get_alert(self.ann.actor, self.alert_id, self.scene.now)

    def lines(self) -> list[tuple[str, str]]:
        times = Clock(self.scene.now, ZoneInfo("Europe/Paris"))
        return [(line["after"], line["words"]) for line in story(self.alert(), times)]


@pytest.fixture
def night(app: Flask, worker_app: Flask, clean_database: None, smtp_server: MailServer) -> Night:
    return Night(app, worker_app, smtp_server.receiver.port)


def test_from_the_answer_to_the_resolve_with_every_page_and_delay(night: Night) -> None:
    night.worked(seconds=0.2)
    night.worked(minutes=10)
    night.scene.later(seconds=50)
    night.do(acknowledge, night.ben)
    night.do(hand_over, night.ben, night.ann.user_id)
    night.worked(seconds=1)
    night.do(add_note, night.ben, NewNote("mailbox, quagga", "contact_attempt", "no_answer"))
    night.scene.later(minutes=30)
    night.do(resolve, night.ben, Ending("emergency_services"))
    assert night.lines() == [
        ("0.0 s", "Alert opened"),
        (
            "0.2 s",
            "Paged contact 1 (email), 0.2 s after it was due: accepted by the mail server",
        ),
        (
            "10 min 0 s",
            "Paged last resort (email), 0.0 s after it was due: accepted by the mail server",
        ),
        ("10 min 50 s", "Ben Quagga took the alert"),
        ("10 min 50 s", "Ben Quagga asked Ann Quagga to take it over: they are paged"),
        (
            "10 min 51 s",
            "Paged Ann Quagga, by mail, 1.0 s after it was due: accepted by the mail server",
        ),
        ("10 min 51 s", "Ben Quagga tried to reach the patient: no answer"),
        ("40 min 51 s", "Ben Quagga resolved it: emergency services took over"),
    ]
    assert headline(night.alert()) == (
        "First page out 0.2 s after it opened, taken after 10 min 50 s, resolved after 40 min 51 s."
    )


def test_a_page_that_waits_and_one_that_fails_say_so(night: Night, smtp_server: MailServer) -> None:
    assert night.lines() == [("0.0 s", "Alert opened"), ("0.0 s", "Page on its way")]
    assert headline(night.alert()) == "Not taken so far."
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    smtp_server.faulty_recipients = {FIRST}
    night.worked(seconds=1)
    words = [words for _, words in night.lines()]
    assert any(
        each.startswith("Page to contact 1 (email) failed: ") and each.endswith("; given up")
        for each in words
    )
    assert "Page on its way" not in words[:2]


def test_accepted_is_never_called_received(night: Night, webhook_receiver: WebhookReceiver) -> None:
    add_method(night.ann, "webhook", webhook_receiver.url, signing_secret="quagga")
    night.worked()
    night.do(hand_over, night.ben, night.ann.user_id)
    night.worked(seconds=2)
    by_state = {sent["state"]: sent["channel"] for sent in night.alert()["notifications"]}
    assert by_state == {"sent": "email", "delivered": "webhook"}
    shown = deliveries(night.alert(), Clock(night.scene.now, ZoneInfo("Europe/Paris")))
    assert [(each["to"], each["state"]) for each in shown] == [
        ("contact 1 (email)", "accepted by the mail server"),
        ("Ann Quagga, by webhook", "received: the receiver itself answered"),
    ]
    assert [each["words"] for each in shown[1]["tries"]] == [
        "received: the receiver itself answered"
    ]
    assert shown[1]["tries"][0]["after"] == "2.0 s"
    assert night.lines()[-1][1].endswith("received: the receiver itself answered")


def test_every_way_and_state_has_words_of_its_own() -> None:
    for channel in CHANNELS:
        words = [state_words(channel, state) for state in NOTIFICATION_STATES]
        assert len(set(words)) == len(NOTIFICATION_STATES)
        assert "received" not in state_words(channel, "sent")
        assert "delivered" not in " ".join(words)
    assert set(BY) == set(CHANNELS)


def test_what_is_not_known_by_its_word_stands_as_it_is() -> None:
    assert reason_words("webhook_http_500") == "webhook http 500"
    assert outcome_words("email", "smtp_timeout") == "failed: the mail server did not answer"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-1.0, "0.0 s"),
        (0.24, "0.2 s"),
        (9.94, "9.9 s"),
        (10.0, "10 s"),
        (59.9, "59 s"),
        (60.0, "1 min 0 s"),
        (3_599.0, "59 min 59 s"),
        (3_600.0, "1 h 0 min"),
        (172_799.0, "47 h 59 min"),
        (172_800.0, "2 days"),
    ],
)
def test_lengths_in_words(seconds: float, words: str) -> None:
    assert seconds_words(seconds) == words
