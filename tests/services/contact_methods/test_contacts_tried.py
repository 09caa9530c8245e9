"""Whatever is entered into the clinic's chain is tried at once, and what fails can be seen."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

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
PLACE = ("--timezone", "Europe/Paris", "--country", "FR")
SOUTH = ("create", "South Clinic", *PLACE, "--admin", NIGHT)
WEBHOOK_FAILS = SENTENCES["contact_fails"].format(name="contact 1 (webhook)")
LAST_RESORT_FAILS = SENTENCES["last_resort_fails"]
NOW = "2026-11-20T21:00:00Z"


def on_command(scene: Scene, monkeypatch: pytest.MonkeyPatch, *words: str) -> dict[str, Any]:
    """What the operator's command answers, at the scene's instant."""
    monkeypatch.setattr("api.cli.clinic.utcnow", lambda: scene.now)
    done = scene.app.test_cli_runner().invoke(args=["clinic", *words])
    assert done.exit_code == 0
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


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


def test_a_new_clinics_last_resort_gets_one_too(
    scene: Scene, door: Door, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_command(scene, monkeypatch, *SOUTH)
    door.send()
    (mail,) = smtp_server.inbox
    assert (mail["To"], mail["Subject"]) == (NIGHT, "[Interlude] TEST, South Clinic: nothing to do")


def test_a_new_clinics_last_resort_that_is_refused_is_seen(
    scene: Scene, door: Door, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    south = UUID(on_command(scene, monkeypatch, *SOUTH)["clinic_id"])
    with scene.app.app_context():
        assert LAST_RESORT_FAILS not in findings_of(south, scene.now)
    door.send()
    with scene.app.app_context():
        assert LAST_RESORT_FAILS in findings_of(south, scene.now)


def test_the_operators_webhook_gets_one_that_it_can_prove(
    scene: Scene,
    door: Door,
    webhook_receiver: WebhookReceiver,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also in the machine's own networks, where a webhook of somebody's own is refused."""
    scene.channels = {**scene.channels, "webhook": WebhookChannel(PUBLIC_URL)}
    on_command(scene, monkeypatch, "contact", str(scene.clinic.id), webhook_receiver.url)
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
    on_command(scene, monkeypatch, "contact", str(scene.clinic.id), webhook_receiver.url)
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
    on_command(scene, monkeypatch, "contact", str(scene.clinic.id), "http://127.0.0.1:9/")
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
