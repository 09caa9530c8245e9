"""Text messages against a double of the provider: taken, arrived, failed; late, twice, mixed up."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from uuid import UUID

import pytest
from werkzeug.test import TestResponse

from services.alerts.delivery.receipts import ask_providers, take_reports
from services.alerts.handling.ownership import acknowledge
from services.channels.base import (
    AlertNotice,
    ChannelError,
    Letter,
    MissingChannel,
    Page,
    Receipt,
    Report,
    short_id,
)
from services.channels.sms import SmsChannel, callback_url, read_report
from tests.builders.calls import made
from tests.builders.reach.methods import Door, add_method, code_in, method_of, page_goes_to
from tests.builders.reach.sms_provider import SENDER, SmsDouble
from tests.builders.scene import START, Scene
from tests.builders.workers import PUBLIC_URL
from tests.builders.world import Person
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import Answer, WebhookReceiver

NUMBER = "+33612345678"


@pytest.fixture
def double() -> Iterator[SmsDouble]:
    made = SmsDouble()
    yield made
    made.stop()


@pytest.fixture
def texting(scene: Scene, double: SmsDouble, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The installation has an account at the double."""
    config = scene.app.config
    settings = replace(config["INTERLUDE"], sms=double.provider, public_url=PUBLIC_URL)
    monkeypatch.setitem(config, "INTERLUDE", settings)
    scene.channels = {**scene.channels, "sms": SmsChannel(double.provider, PUBLIC_URL)}
    return scene


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


class Paged:
    """A critical alert whose first page went to a nurse by text message."""

    def __init__(self, scene: Scene, nurse: Person, double: SmsDouble) -> None:
        self.scene, self.double = scene, double
        self.method = add_method(nurse, "sms", NUMBER)
        self.alert_id = scene.answer()
        page_goes_to(scene, nurse, "sms", self.method)
        scene.work()
        self.page_id = scene.notifications()[0].id

    @property
    def states(self) -> list[str]:
        return [one.state for one in self.scene.notifications()]

    def callback(self, status: str, sid: str | None = None, **fields: str) -> TestResponse:
        """The provider calls back."""
        name = sid or list(self.double.taken)[-1]
        return self.post({"MessageSid": name, "MessageStatus": status, **fields})

    def post(self, fields: dict[str, str], signature: str | None = None) -> TestResponse:
        url = callback_url(PUBLIC_URL, f"{self.scene.clinic.id}/{self.page_id}")
        signed = self.double.provider.sign(url, fields) if signature is None else signature
        answer = self.scene.app.test_client().post(
            url.removeprefix(PUBLIC_URL), data=fields, headers={"X-Twilio-Signature": signed}
        )
        with self.scene.worker_app.app_context():
            take_reports(self.scene.now)
        return answer


@pytest.fixture
def paged(texting: Scene, nurse: Person, double: SmsDouble, door: Door) -> Paged:
    return Paged(texting, nurse, double)


def test_a_text_says_how_urgent_and_nothing_about_whom(paged: Paged, double: SmsDouble):
    (text,) = double.taken.values()
    assert text.fields == {
        "To": NUMBER,
        "From": SENDER,
        "Body": (
            f"[Interlude] CRITICAL alert {short_id(paged.alert_id)}, North Clinic: open and"
            f" acknowledge {PUBLIC_URL}/a/{paged.alert_id}"
        ),
        "StatusCallback": f"{PUBLIC_URL}/v1/callbacks/sms/{paged.scene.clinic.id}/{paged.page_id}",
    }
    assert paged.states == ["sent"]  # never shown as delivered before it is


def test_delivered_is_noted_once_and_stops_no_chain(
    paged: Paged, nurse: Person, smtp_server: MailServer
):
    for status in ("queued", "sent", "delivered", "delivered", "sent", "undelivered"):
        assert paged.callback(status, ErrorCode="30005").status_code == 204
    assert paged.states == ["delivered"]
    assert paged.scene.outcomes() == ["sent", "delivered"]
    assert paged.scene.events(paged.alert_id)[-1] == "page_delivered"
    assert method_of(nurse, paged.method).confirmed_at == START
    paged.scene.later(minutes=10)
    paged.scene.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [paged.scene.clinic.admin.email]


@pytest.mark.parametrize("signature", ["", "bm90IHNpZ25lZA==", "é"])
def test_without_its_signature_nothing_changes(paged: Paged, signature: str):
    fields = {"MessageSid": next(iter(paged.double.taken)), "MessageStatus": "delivered"}
    assert paged.post(fields, signature.encode().decode("latin-1")).status_code == 403
    assert paged.states == ["sent"]


def test_a_signature_of_another_address_or_other_fields_does_not_hold(paged: Paged):
    fields = {"MessageSid": "SM1", "MessageStatus": "sent"}
    url = callback_url(PUBLIC_URL, f"{paged.scene.clinic.id}/{paged.page_id}")
    of_sent = paged.double.provider.sign(url, fields)
    assert paged.post(fields | {"MessageStatus": "delivered"}, of_sent).status_code == 403
    of_other = paged.double.provider.sign(f"{url}0", fields | {"MessageStatus": "delivered"})
    assert paged.post(fields | {"MessageStatus": "delivered"}, of_other).status_code == 403
    assert paged.states == ["sent"]


def test_an_installation_without_the_provider_takes_no_callback(
    paged: Paged, monkeypatch: pytest.MonkeyPatch
):
    config = paged.scene.app.config
    monkeypatch.setitem(config, "INTERLUDE", replace(config["INTERLUDE"], sms=None))
    assert paged.callback("delivered").status_code == 403


def test_a_number_that_does_not_exist_is_marked_and_the_next_channel_pages(
    paged: Paged, nurse: Person, smtp_server: MailServer
):
    assert paged.callback("undelivered", ErrorCode="30005").status_code == 204
    paged.scene.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
    assert paged.states == ["failed_permanently", "sent"] or paged.states[0] == "failed_permanently"
    assert "next_channel" in paged.scene.events(paged.alert_id)
    assert method_of(nurse, paged.method).failing_reason == "sms_30005"
    # It turns up after all.
    assert paged.callback("delivered").status_code == 204
    assert paged.states[0] == "delivered"
    assert method_of(nurse, paged.method).failing_since is None


def test_what_may_arrive_later_is_sent_again_and_an_old_failure_counts_no_more(
    paged: Paged, nurse: Person, smtp_server: MailServer, double: SmsDouble
):
    first = next(iter(double.taken))
    paged.callback("failed", ErrorCode="30008")
    assert paged.states[0] == "failed_temporarily"
    assert method_of(nurse, paged.method).failing_since is None
    paged.scene.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
    paged.scene.later(minutes=1)
    paged.scene.work()
    assert len(double.taken) == 2
    paged.callback("failed", sid=first, ErrorCode="30008")
    assert paged.states[0] == "sent"
    paged.callback("delivered", sid=first)
    assert paged.states[0] == "delivered"


def test_a_callback_about_nothing_of_ours(paged: Paged):
    paged.page_id = UUID(int=1)
    assert paged.callback("delivered").status_code == 204
    assert paged.states == ["sent"]


def test_who_is_silent_is_asked_and_less_and_less_often(paged: Paged, double: SmsDouble):
    scene = paged.scene
    (text,) = double.taken.values()

    def ask() -> int:
        with scene.worker_app.app_context():
            return ask_providers(scene.channels, scene.now)

    assert ask() == 0
    scene.later(minutes=1)
    assert ask() == 1  # still queued
    assert ask() == 0
    double.out_of_order = 503
    scene.later(minutes=1)
    assert ask() == 1  # no answer
    scene.later(minutes=1)
    assert ask() == 0
    double.out_of_order, text.status = None, "delivered"
    scene.later(minutes=1)
    assert ask() == 1
    assert paged.states == ["delivered"]
    scene.later(minutes=60)
    assert ask() == 0


def test_a_code_by_text_and_a_failure_that_is_final_for_it(
    texting: Scene, door: Door, nurse: Person, double: SmsDouble
):
    method = door.add(nurse, "sms", "+33 6 12 34 56 78")
    assert method["address"] == "+33…78"
    door.send()
    (text,) = double.taken.values()
    code = code_in(text.fields["Body"])
    assert made(door.verify(nurse, method["id"], code), 200)["verified_at"] is not None
    made(door.ask(nurse, "POST", f"/{method['id']}/test"), 202)
    texting.later(seconds=5)
    door.send()
    *_, test_page = double.taken.values()
    assert test_page.fields["Body"].startswith("TEST page from Interlude, North Clinic")
    test_page.status, test_page.error_code = "undelivered", 30003
    texting.later(minutes=1)
    with texting.worker_app.app_context():
        ask_providers(texting.channels, texting.now)
    assert door.listed(nurse)[0]["last_message"]["state"] == "failed_permanently"
    assert door.listed(nurse)[0]["failing_since"] is None


@pytest.mark.parametrize("number", ["0612345678", "+33", "+331", "pager", "+33 0000000000"])
def test_what_is_no_number(texting: Scene, door: Door, nurse: Person, number: str):
    answer = door.ask(nurse, "POST", "", {"kind": "sms", "address": number})
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["address"])


def page(number: str = NUMBER) -> Page:
    notice = AlertNotice(UUID(int=7), "critical", "triggered", START)
    return Page(UUID(int=1), number, "critical", (notice,), clinic="Hill Clinic", receipt_key="c/n")


def test_what_the_provider_refuses(double: SmsDouble):
    channel = SmsChannel(double.provider, "http://127.0.0.1:8000")
    double.refuses = {NUMBER: 21610, "+33600000000": 21606}
    for number, reason, permanent in (
        (NUMBER, "sms_21610", True),
        ("+33600000000", "sms_21606", False),
    ):
        with pytest.raises(ChannelError) as caught:
            channel.send(page(number), START)
        assert (caught.value.reason, caught.value.permanent) == (reason, permanent)
    with pytest.raises(ChannelError, match="sms_takes_no_letter"):
        channel.send(Letter(UUID(int=1), NUMBER, "s", "t"), START)
    stranger = SmsChannel(replace(double.provider, token="wrong"), PUBLIC_URL)
    with pytest.raises(ChannelError, match="sms_20003"):
        stranger.send(page(), START)
    double.out_of_order = 502
    with pytest.raises(ChannelError, match="sms_502"):
        channel.send(page(), START)
    with pytest.raises(ChannelError, match="sms_502"):
        channel.ask("SM1")


@pytest.mark.parametrize(
    ("answer", "reason"), [(Answer(500, b"<html>"), "sms_500"), (Answer(503, b"[]"), "sms_503")]
)
def test_an_answer_that_is_no_document_of_the_provider(
    double: SmsDouble, webhook_receiver: WebhookReceiver, answer: Answer, reason: str
):
    webhook_receiver.otherwise = answer
    strange = replace(double.provider, url=webhook_receiver.url.removesuffix("/page"))
    with pytest.raises(ChannelError, match=reason):
        SmsChannel(strange, PUBLIC_URL).send(page(), START)
    webhook_receiver.otherwise = Answer(201, b'{"sid": 5}')
    assert SmsChannel(strange, PUBLIC_URL).send(page(), START).provider_id is None


def test_a_service_of_numbers_and_nothing_to_call_back(double: SmsDouble):
    provider = replace(double.provider, sender="MG0123")
    sent = SmsChannel(provider, "http://127.0.0.1:8000").send(page("+33600000009"), START)
    assert (sent.receipt, sent.provider_id) == (Receipt.SENT, next(iter(double.taken)))
    (text,) = double.taken.values()
    assert text.fields["MessagingServiceSid"] == "MG0123"
    assert "StatusCallback" not in text.fields


def test_a_provider_that_is_not_there(double: SmsDouble):
    double.stop()
    with pytest.raises(ChannelError, match="sms_unreachable"):
        SmsChannel(double.provider, PUBLIC_URL).send(page(), START)
    with pytest.raises(ChannelError, match="sms_timeout"):
        SmsChannel(double.provider, PUBLIC_URL, timeout_s=0).send(page(), START)
    nowhere = replace(double.provider, url="ftp://x")
    with pytest.raises(ChannelError, match="sms_bad_address") as caught:
        SmsChannel(nowhere, PUBLIC_URL).send(page(), START)
    assert caught.value.permanent


@pytest.mark.parametrize(
    ("status", "code", "report"),
    [
        ("delivered", None, Report(delivered=True)),
        ("read", "", Report(delivered=True)),
        ("undelivered", "30006", Report(delivered=False, reason="sms_30006", permanent=True)),
        ("undelivered", 30003, Report(delivered=False, reason="sms_30003")),
        ("failed", None, Report(delivered=False, reason="sms_failed")),
        ("canceled", "x", Report(delivered=False, reason="sms_canceled")),
        ("accepted", None, None),
        (None, None, None),
    ],
)
def test_what_a_status_means(status: object, code: object, report: Report | None):
    assert read_report(status, code) == report


def test_a_way_that_is_not_set_up_fails_at_once():
    with pytest.raises(ChannelError, match="sms_not_set_up") as caught:
        MissingChannel("sms").send(page(), START)
    assert not caught.value.permanent


def test_whoever_was_paged_by_text_is_stood_down_by_text(
    paged: Paged, nurse: Person, double: SmsDouble, door: Door
):
    colleague = paged.scene.clinic.staff("on_call")
    with paged.scene.app.app_context():
        acknowledge(colleague.actor, paged.alert_id, paged.scene.now)
    paged.scene.later(seconds=1)
    door.send()
    assert [one.fields["Body"] for one in double.taken.values()][1:] == [
        f"[Interlude] Stand down: CRITICAL alert {short_id(paged.alert_id)}, North Clinic is taken"
        f" {PUBLIC_URL}/a/{paged.alert_id}"
    ]
