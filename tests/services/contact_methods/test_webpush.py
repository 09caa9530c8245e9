"""Web push against a double of the vendor's service, which opens it with the browser's key."""

from __future__ import annotations

from dataclasses import replace
from threading import Event
from urllib.parse import urlsplit
from uuid import UUID

import orjson
import pytest

from models.encryption import derive
from services.alerts.handling.ownership import acknowledge
from services.channels.base import AlertNotice, ChannelError, Letter, Page, Receipt, short_id
from services.channels.webpush import PushKey, WebPushChannel, decode, read_subscription
from tests.builders.calls import made
from tests.builders.reach.methods import Door, add_method, code_in, method_of, page_goes_to
from tests.builders.reach.push_service import Browser, signer_of
from tests.builders.scene import START, Scene
from tests.builders.workers import PUBLIC_URL
from tests.builders.world import Person
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver

KEY = PushKey.of(derive("a secret of the test", b"web push"))


@pytest.fixture
def browser(webhook_receiver: WebhookReceiver) -> Browser:
    webhook_receiver.otherwise = Answer(201)
    return Browser(webhook_receiver.url)


@pytest.fixture
def origin(browser: Browser) -> str:
    parts = urlsplit(browser.endpoint)
    return f"{parts.scheme}://{parts.netloc}"


@pytest.fixture
def pushing(scene: Scene, origin: str, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The installation allows the double."""
    config = scene.app.config
    settings = replace(config["INTERLUDE"], push_services=(origin,))
    monkeypatch.setitem(config, "INTERLUDE", settings)
    channel = WebPushChannel(settings.push_key, "mailto:a@h.test", PUBLIC_URL, (origin,))
    scene.channels = {**scene.channels, "webpush": channel}
    return scene


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


def test_a_browser_from_subscribing_to_a_page(
    pushing: Scene,
    door: Door,
    nurse: Person,
    browser: Browser,
    origin: str,
    webhook_receiver: WebhookReceiver,
):
    key = made(door.ask(nurse, "GET", "/v1/me/push-key"), 200)["public_key"]
    assert len(decode(key)) == 65
    method = door.add(nurse, "webpush", browser.subscription)
    assert method["address"] == "browser at 127.0.0.1"
    door.send()
    (request,) = webhook_receiver.requests
    assert signer_of(request.headers, origin, pushing.now) == key
    shown = browser.read(request)
    assert (shown["url"], len(request.headers["Topic"])) == (None, 32)
    made(door.verify(nurse, method["id"], code_in(shown["title"])), 200)
    alert_id = pushing.answer()
    page_goes_to(pushing, nurse, "webpush", UUID(method["id"]))
    pushing.work()
    page = browser.read(webhook_receiver.requests[1])
    assert page == {
        "title": f"[Interlude] CRITICAL alert {short_id(alert_id)}, North Clinic: open and"
        " acknowledge",
        "url": f"{PUBLIC_URL}/a/{alert_id}",
        "tag": str(pushing.notifications()[-1].id),
    }
    assert pushing.notifications()[-1].state == "sent"  # kept by the service, not seen by anybody


@pytest.mark.parametrize("status", [404, 410])
def test_a_browser_that_is_gone_is_taken_away_and_the_next_channel_pages(
    pushing: Scene,
    nurse: Person,
    browser: Browser,
    webhook_receiver: WebhookReceiver,
    smtp_server: MailServer,
    status: int,
):
    method = add_method(nurse, "webpush", browser.subscription)
    webhook_receiver.otherwise = Answer(status)
    pushing.answer()
    page_goes_to(pushing, nurse, "webpush", method)
    pushing.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
    kept = method_of(nurse, method)
    assert (kept.active, kept.failing_reason) == (False, f"webpush_{status}")


@pytest.mark.parametrize("status", [429, 500, 403])
def test_what_may_be_right_in_a_minute_is_tried_again(
    pushing: Scene,
    nurse: Person,
    browser: Browser,
    webhook_receiver: WebhookReceiver,
    smtp_server: MailServer,
    status: int,
):
    method = add_method(nurse, "webpush", browser.subscription)
    webhook_receiver.answers.append(Answer(status))
    pushing.answer()
    page_goes_to(pushing, nurse, "webpush", method)
    pushing.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
    pushing.later(seconds=5)
    pushing.work()
    first, second = webhook_receiver.requests
    assert first.headers["Topic"] == second.headers["Topic"]
    assert first.body != second.body
    assert browser.read(first) == browser.read(second)
    assert pushing.notifications()[0].state == "sent"
    assert method_of(nurse, method).active


def test_a_subscription_is_one_of_a_known_service_with_keys_on_the_curve(browser: Browser):
    vendor = replace(browser, endpoint="https://updates.push.services.mozilla.com/wpush/v2/x")
    assert read_subscription(vendor.subscription).host == "updates.push.services.mozilla.com"
    document = orjson.loads(vendor.subscription)
    for wrong in (
        "no JSON",
        "[]",
        '{"endpoint": "https://fcm.googleapis.com/x"}',
        '{"endpoint": 1, "keys": {}}',
        browser.subscription,
        vendor.subscription.replace("https:", "http:"),
        vendor.subscription.replace(".com/", ".com:8443/"),
        vendor.subscription.replace("mozilla.com/", "mozilla.com.evil.test/"),
        orjson.dumps(document | {"keys": document["keys"] | {"auth": "AAAA"}}).decode(),
        orjson.dumps(document | {"keys": document["keys"] | {"auth": "!!"}}).decode(),
        orjson.dumps(document | {"keys": document["keys"] | {"p256dh": "BAAA"}}).decode(),
    ):
        with pytest.raises(ValueError, match=r"\w"):
            read_subscription(wrong)


def test_an_address_of_somebodys_choice_is_refused(scene: Scene, door: Door, nurse: Person):
    inside = Browser("http://169.254.169.254/latest/meta-data")
    body = {"kind": "webpush", "address": inside.subscription}
    answer = door.ask(nurse, "POST", "", body)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["address"])


def test_what_a_channel_does_not_take(browser: Browser, origin: str):
    channel = WebPushChannel(KEY, "mailto:a@h.test", PUBLIC_URL, (origin,))
    notice = AlertNotice(UUID(int=7), "high", "triggered", START)
    page = Page(UUID(int=1), browser.subscription, "high", (notice,))
    assert channel.send(page, START) is Receipt.SENT
    with pytest.raises(ChannelError, match="webpush_takes_no_letter"):
        channel.send(Letter(UUID(int=1), browser.subscription, "s", "t"), START)
    with pytest.raises(ChannelError, match="webpush_bad_address"):
        replace(channel, more_services=()).send(page, START)


def test_the_key_of_an_installation_is_always_the_same():
    again = PushKey.of(derive("a secret of the test", b"web push"))
    other = PushKey.of(derive("another secret", b"web push"))
    assert (again.public == KEY.public, other.public == KEY.public) == (True, False)


def test_whoever_has_a_pager_is_stood_down_by_mail(
    pushing: Scene, nurse: Person, webhook_receiver: WebhookReceiver, smtp_server: MailServer
):
    pager = add_method(nurse, "webhook", webhook_receiver.url, signing_secret="s")
    alert_id = pushing.answer()
    page_goes_to(pushing, nurse, "webhook", pager)
    pushing.work()
    colleague = pushing.clinic.staff("on_call")
    with pushing.app.app_context():
        acknowledge(colleague.actor, alert_id, pushing.now)
    pushing.later(seconds=1)
    with pushing.worker_app.app_context():
        pushing.worker.send_letters(Event())
    assert len(webhook_receiver.requests) == 1
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
