"""A pager by Apprise, over HTTP: an administrator enters it, the person proves it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from services.channels.apprise import AppriseChannel
from services.channels.base import short_id
from tests.builders.calls import made, refused
from tests.builders.reach.methods import Door, add_method, code_in, method_of, page_goes_to
from tests.builders.scene import Scene
from tests.builders.stored import audited, entries, rows
from tests.builders.workers import PUBLIC_URL
from tests.builders.world import Person
from tests.fixtures.mail import MailServer
from tests.fixtures.pagers import PagerDouble
from tests.fixtures.webhook import Answer

NOW = "2026-11-20T21:00:00Z"


@pytest.fixture
def double() -> Iterator[PagerDouble]:
    made = PagerDouble()
    yield made
    made.stop()


@pytest.fixture
def paging(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The operator lets pagers be on this machine."""
    config = scene.app.config
    settings = replace(config["INTERLUDE"], method_private=True)
    monkeypatch.setitem(config, "INTERLUDE", settings)
    scene.channels = {**scene.channels, "apprise": AppriseChannel(PUBLIC_URL, private=True)}
    return scene


@pytest.fixture
def nurse(scene: Scene) -> Person:
    return scene.clinic.staff("on_call")


def of(person: Person) -> str:
    return f"/v1/users/{person.user_id}/contact-methods"


def body(address: str) -> dict[str, str]:
    return {"kind": "apprise", "address": address}


def test_from_the_administrators_url_to_the_page(
    paging: Scene, door: Door, nurse: Person, double: PagerDouble
) -> None:
    admin, url = paging.clinic.admin, double.urls["ntfy"]
    answer = door.ask(admin, "POST", of(nurse), body(f" {url} "))
    method = made(answer)
    assert method == {
        "id": method["id"],
        "kind": "apprise",
        "address": "ntfy://…",
        "created_at": NOW,
        "verified_at": None,
        "confirmed_at": None,
        "failing_since": None,
        "failing_reason": None,
        "last_message": {"state": "pending", "at": NOW},
    }
    door.send()
    ((service, text),) = double.texts
    assert (service, "your code is" in text) == ("ntfy", True)
    # Who entered it does not prove it: the person does, with what their own device shows.
    assert door.verify(admin, method["id"], code_in(text)).status_code == 404
    made(door.verify(nurse, method["id"], code_in(text)), 200)
    made(door.ask(nurse, "POST", f"/{method['id']}/test"), 202)
    door.send()
    assert double.texts[-1][1].startswith("TEST page from Interlude, North Clinic: about nobody")
    alert_id = paging.answer()
    page_goes_to(paging, nurse, "apprise", method_of(nurse, method["id"]).id)
    paging.later(seconds=5)
    paging.work()
    assert double.texts[-1][1] == (
        f"[Interlude] CRITICAL alert {short_id(alert_id)}, North Clinic: open and acknowledge"
        f" {PUBLIC_URL}/a/{alert_id}"
    )
    assert [one.state for one in paging.notifications() if one.kind == "page"] == ["sent"]
    (shown,) = door.listed(nurse)
    # Taken by the provider: nobody knows that it arrived, but for the code.
    assert (shown["last_message"]["state"], shown["confirmed_at"]) == ("sent", NOW)
    for shown_text in (answer.text, door.ask(nurse).text, door.ask(admin, "GET", of(nurse)).text):
        assert double.host not in shown_text
        assert "quagga" not in shown_text
    assert audited(nurse, method["id"]) == ["contact_method_added", "contact_method_verified"]
    (added,) = entries(nurse, "contact_method_added")
    assert (added["actor_id"], added["about_ids"]) == (admin.user_id, [nurse.user_id])
    (kept,) = rows(nurse, "SELECT address, shown FROM contact_methods WHERE kind = 'apprise'")
    assert b"quagga" not in bytes(kept["address"])
    assert kept["shown"] == "ntfy://…"


def test_nobody_adds_one_for_themselves(paging: Scene, door: Door, double: PagerDouble) -> None:
    admin = paging.clinic.admin
    answer = door.ask(admin, "POST", "", body(double.urls["json"]))
    assert refused(answer) == {"kind": ["An administrator adds it."]}
    made(door.ask(admin, "POST", of(admin), body(double.urls["json"])))


def test_for_whom_there_is_none(
    paging: Scene, door: Door, nurse: Person, double: PagerDouble
) -> None:
    admin, url = paging.clinic.admin, double.urls["json"]
    pat = paging.clinic.patient()
    assert door.ask(admin, "POST", of(pat), body(url)).status_code == 404
    assert door.ask(nurse, "POST", of(nurse), body(url)).status_code == 403
    other = {"kind": "email", "address": "sam@hospital.test"}
    assert door.ask(admin, "POST", of(nurse), other).status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        "mailto://user:pass@mail.example",
        "exec:///bin/sh",
        "ntfy://pager.example/one?delay=12h",
        "ntfys://169.254.169.254/latest",
        "json://0x7f000001/x",
        "gotify://[::1]/AbCdEf",
        "gotify://192.168.1.4/AbCdEf",
        f"jsons://pager.example/{'a' * 2000}",
    ],
)
def test_what_may_not_be_entered_and_is_not_echoed(
    scene: Scene, door: Door, nurse: Person, address: str
) -> None:
    answer = door.ask(scene.clinic.admin, "POST", of(nurse), body(address))
    assert list(refused(answer)) == ["address"]
    assert address.partition("://")[2] not in answer.text
    assert door.listed(nurse) == []


def test_who_entered_it_takes_it_back_and_nothing_else(
    paging: Scene, door: Door, nurse: Person, double: PagerDouble
) -> None:
    admin = paging.clinic.admin
    method = made(door.ask(admin, "POST", of(nurse), body(double.urls["json"])))
    mail = add_method(nurse, "email", "sam@hospital.test")
    colleague = paging.clinic.staff("on_call")
    for person, path, status in (
        (nurse, f"{of(nurse)}/{method['id']}", 403),
        (admin, f"{of(colleague)}/{method['id']}", 404),
        (admin, f"{of(nurse)}/{mail}", 404),
        (admin, f"{of(nurse)}/{method['id']}", 204),
        (admin, f"{of(nurse)}/{method['id']}", 404),
    ):
        assert door.ask(person, "DELETE", path).status_code == status
    kept = method_of(nurse, method["id"])
    assert (kept.active, kept.address, kept.shown) == (False, "", "")
    assert [one["id"] for one in door.listed(nurse)] == [str(mail)]
    (removed,) = entries(nurse, "contact_method_removed")
    assert (removed["actor_id"], removed["about_ids"]) == (admin.user_id, [nurse.user_id])


def test_one_that_is_refused_for_good_is_marked_and_the_next_way_pages(
    paging: Scene, nurse: Person, double: PagerDouble, smtp_server: MailServer
) -> None:
    pager = add_method(nurse, "apprise", double.urls["ntfy"])
    double.otherwise = Answer(200)
    for answer in (Answer(503), Answer(hang=True), Answer(403)):
        double.answers.append(answer)
    paging.channels = {
        **paging.channels,
        "apprise": AppriseChannel(PUBLIC_URL, private=True, timeout_s=0.5),
    }
    alert_id = paging.answer()
    page_goes_to(paging, nurse, "apprise", pager)
    paging.work()
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
    assert "next_channel" in paging.events(alert_id)
    assert method_of(nurse, pager).failing_since is None
    for _ in range(2):
        paging.later(minutes=1)
        paging.work()
    assert [one for one in paging.outcomes() if one.startswith("apprise")] == [
        "apprise_503",
        "apprise_timeout",
        "apprise_403",
    ]
    assert method_of(nurse, pager).failing_reason == "apprise_403"
    assert double.texts == []


def test_one_on_this_machine_is_not_paged_unless_the_operator_allows_it(
    scene: Scene, nurse: Person, double: PagerDouble, smtp_server: MailServer
) -> None:
    scene.channels = {**scene.channels, "apprise": AppriseChannel(PUBLIC_URL)}
    pager = add_method(nurse, "apprise", double.urls["gotify"])
    scene.answer()
    page_goes_to(scene, nurse, "apprise", pager)
    scene.work()
    assert double.requests == []
    assert scene.outcomes()[0] == "apprise_refused_address"
    assert [str(mail["To"]) for mail in smtp_server.inbox] == [nurse.email]
