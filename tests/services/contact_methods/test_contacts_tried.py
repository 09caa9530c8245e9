"""Whatever is entered into the clinic's chain is tried at once, and what fails can be seen."""

from __future__ import annotations

from typing import Any

import pytest

from services.alerts.monitors.nights import findings_of
from services.channels.webhook import WebhookChannel
from services.contact_methods.codes import CONTACT_TRIED_FOR, MOST_AN_HOUR
from services.operations.safety import LETTER_LATE_AFTER_S, safety
from services.rules.foresight import SENTENCES
from tests.builders.calls import made
from tests.builders.reach.methods import Door
from tests.builders.scene import Scene
from tests.builders.workers import PUBLIC_URL
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver

CHAIN = "/v1/clinic/contacts"
LAST_RESORT = f"{CHAIN}/last-resort"
NIGHT = "night@hospital.test"
BODY = {"address": f"mailto:{NIGHT}"}
WEBHOOK_FAILS = SENTENCES["contact_fails"].format(name="contact 1 (webhook)")
LAST_RESORT_FAILS = SENTENCES["last_resort_fails"]
NOW = "2026-11-20T21:00:00Z"


def on_command(scene: Scene, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The operator's command, at the scene's instant."""
    monkeypatch.setattr("api.cli.clinic.utcnow", lambda: scene.now)
    words = ["clinic", "contact", str(scene.clinic.id), address]
    assert scene.app.test_cli_runner().invoke(args=words).exit_code == 0


def chain(door: Door) -> list[dict[str, Any]]:
    """The chain as an administrator reads it."""
    items: list[dict[str, Any]] = made(door.ask(door.scene.clinic.admin, path=CHAIN), 200)["items"]
    return items


def message(door: Door, place: int = 0) -> dict[str, Any]:
    """What the newest message to a contact came to."""
    found: dict[str, Any] = chain(door)[place]["last_message"]
    return found


def foreseen(scene: Scene) -> list[str]:
    """What the coverage foresight says."""
    with scene.app.app_context():
        return findings_of(scene.clinic.id, scene.now)


def until_given_up(door: Door) -> None:
    """Try again as often as the worker would."""
    for _ in range(2 * int(CONTACT_TRIED_FOR.total_seconds() // 60)):
        door.send()
        door.scene.later(minutes=1)


@pytest.mark.parametrize(
    ("way", "path", "status"), [("POST", CHAIN, 201), ("PUT", LAST_RESORT, 200)]
)
def test_a_mail_address_gets_one_marked_test_page(
    door: Door, smtp_server: MailServer, way: str, path: str, status: int
) -> None:
    added = made(door.ask(door.scene.clinic.admin, way, path, BODY), status)
    assert added["last_message"] == {"state": "pending", "at": NOW, "reason": None}
    door.send()
    (mail,) = smtp_server.inbox
    assert (mail["To"], mail["X-Interlude-Alert"]) == (NIGHT, None)
    assert mail["Subject"] == "[Interlude] TEST, North Clinic: nothing to do"
    assert "about nobody" in mail.get_content()
    shown = {each["id"]: each["last_message"] for each in chain(door)}
    assert shown.pop(added["id"]) == {"state": "sent", "at": NOW, "reason": None}
    assert set(shown.values()) <= {None}


def test_the_operators_webhook_gets_one_that_it_can_prove(
    scene: Scene,
    door: Door,
    webhook_receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in the machine's own networks, where a webhook of somebody's own is refused."""
    scene.channels = {**scene.channels, "webhook": WebhookChannel(PUBLIC_URL)}
    on_command(scene, webhook_receiver.url, monkeypatch)
    door.send()
    (request,) = webhook_receiver.requests
    assert request.headers["Interlude-Signature"].startswith("t=")
    assert set(request.json()) == {"notification_id", "text"}
    assert request.json()["text"].startswith("TEST page from Interlude, North Clinic")
    assert message(door) == {"state": "delivered", "at": NOW, "reason": None}


def test_a_webhook_that_refuses_is_seen_and_pages_nobody(
    scene: Scene,
    door: Door,
    webhook_receiver: WebhookReceiver,
    smtp_server: MailServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    webhook_receiver.answers.append(Answer(404))
    on_command(scene, webhook_receiver.url, monkeypatch)
    door.send()
    assert message(door) == {"state": "failed_permanently", "at": NOW, "reason": "webhook_404"}
    assert WEBHOOK_FAILS in foreseen(scene)
    assert smtp_server.inbox == []
    with scene.app.app_context():
        assert "letters_unsent" not in safety(scene.now).late


def test_one_that_does_not_answer_is_given_up_before_the_service_counts_as_unsafe(
    scene: Scene, door: Door, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert CONTACT_TRIED_FOR.total_seconds() < LETTER_LATE_AFTER_S
    on_command(scene, "http://127.0.0.1:9/", monkeypatch)
    door.send()
    assert message(door)["state"] == "failed_temporarily"
    until_given_up(door)
    found = message(door)
    assert (found["state"], found["reason"]) == ("failed_permanently", "webhook_unreachable")
    assert WEBHOOK_FAILS in foreseen(scene)
    assert smtp_server.inbox == []


def test_a_last_resort_that_failed_is_clear_once_its_new_address_is_reached(
    scene: Scene, door: Door, smtp_server: MailServer
) -> None:
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    made(door.ask(scene.clinic.admin, "PUT", LAST_RESORT, BODY), 200)
    door.send()
    assert LAST_RESORT_FAILS in foreseen(scene)
    smtp_server.fault = MailFault.NONE
    scene.later(minutes=1)
    made(door.ask(scene.clinic.admin, "PUT", LAST_RESORT, {"address": "mailto:b@c.example"}), 200)
    door.send()
    assert smtp_server.inbox[-1]["To"] == "b@c.example"
    assert LAST_RESORT_FAILS not in foreseen(scene)
    assert message(door, -1)["state"] == "sent"


def test_one_that_is_taken_away_before_its_test_gets_none(
    door: Door, smtp_server: MailServer
) -> None:
    admin = door.scene.clinic.admin
    added = made(door.ask(admin, "POST", CHAIN, BODY))
    assert door.ask(admin, "DELETE", f"{CHAIN}/{added['id']}").status_code == 204
    door.send()
    assert smtp_server.inbox == []


def test_so_many_tests_an_hour_and_the_chain_changes_on(
    scene: Scene, door: Door, smtp_server: MailServer
) -> None:
    for number in range(MOST_AN_HOUR + 2):
        body = {"address": f"mailto:n{number}@c.example"}
        made(door.ask(scene.clinic.admin, "POST", CHAIN, body))
    door.send()
    assert len(smtp_server.inbox) == MOST_AN_HOUR
    assert message(door, MOST_AN_HOUR) is None
