"""One's own contact methods, over HTTP: added, proved by a code, tried, taken away."""

from __future__ import annotations

import pytest

from services.access import TABLE as ACCESS
from services.access import Action
from services.channels.webhook import WebhookChannel
from services.contact_methods.changing import MOST
from services.contact_methods.codes import MOST_AN_HOUR, MOST_TRIES
from tests.builders.calls import made, refused
from tests.builders.reach.methods import Door, add_method, code_in, method_of, page_goes_to
from tests.builders.scene import Scene
from tests.builders.stored import audited
from tests.builders.workers import PUBLIC_URL
from tests.builders.world import Person
from tests.fixtures.mail import MailFault, MailServer
from tests.fixtures.webhook import WebhookReceiver

MOBILE = "sam.mobile@hospital.test"
NOW = "2026-11-20T21:00:00Z"


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


def mailed_code(door: Door, server: MailServer) -> str:
    door.send()
    return code_in(server.inbox[-1].get_content())


def test_a_mail_address_from_typing_it_to_a_test_page(
    door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    method = door.add(nurse, "email", f"  {MOBILE}")
    assert method == {
        "id": method["id"],
        "kind": "email",
        "address": "s…@hospital.test",
        "created_at": NOW,
        "verified_at": None,
        "confirmed_at": None,
        "failing_since": None,
        "failing_reason": None,
        "last_message": {"state": "pending", "at": NOW},
    }
    code = mailed_code(door, smtp_server)
    (mail,) = smtp_server.inbox
    assert mail["To"] == MOBILE
    assert mail["Subject"] == "[Interlude] Your code for this address"
    proved = made(door.verify(nurse, method["id"], code), 200)
    assert (proved["verified_at"], proved["confirmed_at"]) == (NOW, NOW)
    assert proved["last_message"]["state"] == "sent"
    assert "notification_id" in made(door.ask(nurse, "POST", f"/{method['id']}/test"), 202)
    door.send()
    page = smtp_server.inbox[-1]
    assert page["Subject"] == "[Interlude] TEST, North Clinic: nothing to do"
    assert page["X-Interlude-Alert"] is None
    assert audited(nurse, method["id"]) == ["contact_method_added", "contact_method_verified"]


def test_a_code_is_taken_as_people_type_it_and_once(
    door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    method = door.add(nurse, "email", MOBILE)
    code = mailed_code(door, smtp_server)
    typed = f" {code.lower().replace('-', ' ').replace('1', 'l').replace('0', 'o')} "
    assert door.verify(nurse, method["id"], typed).status_code == 200
    assert refused(door.verify(nurse, method["id"], code), 409) == {"code": "invitation_invalid"}


def test_a_code_is_worth_nothing_after_its_time_or_five_wrong_ones(
    scene: Scene, door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    method = door.add(nurse, "email", MOBILE)
    code = mailed_code(door, smtp_server)
    for _ in range(MOST_TRIES):
        assert refused(door.verify(nurse, method["id"], "AAAA-AAAA"), 409) == {
            "code": "invitation_invalid"
        }
    assert door.verify(nurse, method["id"], code).status_code == 409
    assert door.ask(nurse, "POST", f"/{method['id']}/code").status_code == 204
    assert door.verify(nurse, method["id"], code).status_code == 409
    code = mailed_code(door, smtp_server)
    scene.later(minutes=30)
    assert door.verify(nurse, method["id"], code).status_code == 409
    assert door.listed(nurse)[0]["verified_at"] is None


def test_a_webhook_is_proved_by_what_it_receives(
    scene: Scene, door: Door, webhook_receiver: WebhookReceiver
) -> None:
    admin = scene.clinic.admin
    method = door.add(admin, "webhook", webhook_receiver.url)
    assert len(method["signing_secret"]) > 40
    assert method["address"] == "http://127.0.0.1/…"
    door.send()
    (request,) = webhook_receiver.requests
    assert request.headers["Interlude-Signature"].startswith("t=")
    code = code_in(request.json()["text"])
    assert set(request.json()) == {"notification_id", "text"}
    assert "signing_secret" not in made(door.verify(admin, method["id"], code), 200)
    made(door.ask(admin, "POST", f"/{method['id']}/test"), 202)
    scene.later(seconds=5)
    door.send()
    assert webhook_receiver.requests[-1].json()["text"].startswith("TEST page from Interlude")
    (shown,) = door.listed(admin)
    assert (shown["confirmed_at"], shown["last_message"]["state"]) == (
        "2026-11-20T21:00:05Z",
        "delivered",
    )


@pytest.mark.parametrize(
    ("kind", "address", "field"),
    [
        ("email", "nobody", "address"),
        ("email", "a@bücher\u3000.test", "address"),
        ("webhook", "ftp://pager.test/", "address"),
        ("webhook", "https://pager.test/a b", "address"),
        ("webhook", f"https://pager.test/{'a' * 2000}", "address"),
        ("pigeon", "x", "json.kind"),
        ("sms", "+33612345678", "kind"),
    ],
)
def test_what_cannot_be_an_address_here(
    scene: Scene, door: Door, kind: str, address: str, field: str
) -> None:
    body = {"kind": kind, "address": address}
    answer = door.ask(scene.clinic.admin, "POST", "", body)
    errors = refused(answer)
    assert [one.removeprefix("json.") for one in errors] == [field.removeprefix("json.")]
    assert address not in answer.get_data(as_text=True) or len(address) < 3


def test_who_may_have_what(scene: Scene, door: Door, nurse: Person) -> None:
    pat = scene.clinic.patient()
    for method, path, body in (
        ("GET", "", None),
        ("POST", "", {"kind": "email", "address": MOBILE}),
        ("GET", f"/v1/users/{nurse.user_id}/contact-methods", None),
    ):
        assert refused(door.ask(pat, method, path, body), 403) == {"code": "forbidden"}
    assert ACCESS[Action.OWN_METHODS][0] is None


def test_nobody_reaches_the_methods_of_another(scene: Scene, door: Door, nurse: Person) -> None:
    method = door.add(nurse, "email", MOBILE)
    other = scene.clinic.staff("on_call")
    for way in ("/code", "/test"):
        assert door.ask(other, "POST", f"/{method['id']}{way}").status_code == 404
    assert door.verify(other, method["id"], "AAAA-AAAA").status_code == 404
    assert door.ask(other, "DELETE", f"/{method['id']}").status_code == 404
    assert door.listed(other) == []


def test_an_administrator_sees_those_of_everybody_and_no_address(
    scene: Scene, door: Door, nurse: Person
) -> None:
    method = door.add(nurse, "email", MOBILE)
    path = f"/v1/users/{nurse.user_id}/contact-methods"
    answer = door.ask(scene.clinic.admin, "GET", path)
    assert [one["id"] for one in made(answer, 200)["items"]] == [method["id"]]
    assert MOBILE not in answer.get_data(as_text=True)
    assert refused(door.ask(nurse, "GET", path), 403) == {"code": "forbidden"}
    nobody = f"/v1/users/{method['id']}/contact-methods"
    assert door.ask(scene.clinic.admin, "GET", nobody).status_code == 404


def test_what_is_removed_leaves_no_address_behind(door: Door, nurse: Person) -> None:
    method = door.add(nurse, "email", MOBILE)
    assert door.ask(nurse, "DELETE", f"/{method['id']}").status_code == 204
    assert door.ask(nurse, "DELETE", f"/{method['id']}").status_code == 404
    assert door.listed(nurse) == []
    kept = method_of(nurse, method["id"])
    assert (kept.active, kept.address, kept.shown, kept.code_digest) == (False, "", "", None)
    door.send()  # the code that was on its way goes nowhere


def test_only_a_method_that_waits_gets_a_code_and_only_a_proved_one_a_test(
    door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    method = door.add(nurse, "email", MOBILE)
    assert list(refused(door.ask(nurse, "POST", f"/{method['id']}/test"))) == ["method_id"]
    door.verify(nurse, method["id"], mailed_code(door, smtp_server))
    assert list(refused(door.ask(nurse, "POST", f"/{method['id']}/code"))) == ["method_id"]


def test_codes_and_tests_are_few_an_hour(scene: Scene, door: Door, nurse: Person) -> None:
    method = door.add(nurse, "email", MOBILE)
    for _ in range(MOST_AN_HOUR - 1):
        scene.later(minutes=1)
        assert door.ask(nurse, "POST", f"/{method['id']}/code").status_code == 204
    answer = door.ask(nurse, "POST", f"/{method['id']}/code")
    assert refused(answer, 429) == {"code": "rate_limited"}
    assert answer.headers["Retry-After"] == str((60 - MOST_AN_HOUR + 1) * 60 + 1)


def test_nobody_has_more_than_ten(scene: Scene, door: Door, nurse: Person) -> None:
    for number in range(MOST):
        door.add(nurse, "email", f"a{number}@hospital.test")
        scene.later(minutes=10)
    body = {"kind": "email", "address": MOBILE}
    assert list(refused(door.ask(nurse, "POST", "", body))) == ["kind"]


def test_an_address_that_fails_for_good_is_marked_reported_and_cleared(
    scene: Scene, door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    method = door.add(nurse, "email", MOBILE)
    door.verify(nurse, method["id"], mailed_code(door, smtp_server))
    smtp_server.fault, smtp_server.faulty_recipients = MailFault.REFUSE_PERMANENTLY, {MOBILE}
    for _ in range(2):
        made(door.ask(nurse, "POST", f"/{method['id']}/test"), 202)
        scene.later(minutes=1)
        door.send()
    (shown,) = door.listed(nurse)
    assert (shown["failing_since"], shown["failing_reason"]) == ("2026-11-20T21:01:00Z", "smtp_550")
    assert shown["verified_at"] == NOW
    letters = [mail for mail in smtp_server.inbox if mail["To"] == scene.clinic.admin.email]
    assert len(letters) == 1
    text = letters[0].get_content()
    assert f"{nurse.name} cannot be paged at s…@hospital.test (email)" in text
    assert MOBILE not in text
    smtp_server.fault = MailFault.NONE
    made(door.ask(nurse, "POST", f"/{method['id']}/test"), 202)
    door.send()
    (shown,) = door.listed(nurse)
    assert (shown["failing_since"], shown["confirmed_at"]) == (None, NOW)


def test_an_address_that_was_never_proved_is_not_reported(
    scene: Scene, door: Door, nurse: Person, smtp_server: MailServer
) -> None:
    smtp_server.fault = MailFault.REFUSE_PERMANENTLY
    door.add(nurse, "email", MOBILE)
    door.send()
    smtp_server.fault = MailFault.NONE
    door.send()
    (shown,) = door.listed(nurse)
    assert (shown["failing_since"], shown["last_message"]["state"]) == (None, "failed_permanently")
    assert smtp_server.inbox == []


def test_a_webhook_of_ones_own_reaches_no_private_address(
    scene: Scene, door: Door, nurse: Person, webhook_receiver: WebhookReceiver
) -> None:
    scene.channels = {**scene.channels, "webhook": WebhookChannel(PUBLIC_URL)}
    door.add(nurse, "webhook", webhook_receiver.url)
    door.send()
    pager = add_method(nurse, "webhook", webhook_receiver.url, signing_secret="s")
    scene.answer()
    page_goes_to(scene, nurse, "webhook", pager)
    scene.work()
    assert webhook_receiver.requests == []
    assert scene.outcomes()[:2] == ["webhook_refused_address"] * 2
    assert door.listed(nurse)[0]["last_message"]["state"] == "failed_temporarily"
