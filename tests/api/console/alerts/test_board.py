"""The board of the console: what each reader sees, how it stays live, and taking from it."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.channels.base import short_id
from tests.builders.alerts import do, open_alert, set_alert
from tests.builders.pages.console import ORIGIN, Console, console_of
from tests.builders.stored import entries
from tests.builders.world import ClinicWorld, Person, World

PART = "/alerts/board"


@pytest.fixture
def olu(clinic: ClinicWorld) -> Person:
    return clinic.staff("on_call", name="Olu Quagga")


def tag(console: Console) -> str:
    assert console.shown is not None
    return console.shown.headers["ETag"]


def ask(console: Console, etag: str) -> int:
    """The board's part once more, with the tag of what is on the screen."""
    headers = {"If-None-Match": etag}
    console.shown = console.client.get(f"/console{PART}", base_url=ORIGIN, headers=headers)
    return console.shown.status_code


def test_what_is_open_stands_by_tier_with_name_age_and_who_has_it(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    open_alert(client, clinic.patient("Bo Quagga"), 1)
    taken = open_alert(client, clinic.patient("Ada <b>Quagga"), 2)
    do(client, clinic.staff(name="Ben Quagga"), taken, "acknowledge")
    ended = open_alert(client, clinic.patient("Cy Quagga"), 2)
    do(client, olu, ended, "resolve", disposition="emergency_services")
    console = console_of(app, olu, "/alerts")
    for words in (
        "1 critical 1 high",
        "Critical: act now",
        "0 min since",
        f"Ada <b>Quagga {short_id(UUID(taken))} Suicide risk: item 9 is 2 or 3",
        "by Ben Quagga",
        "Pages again at",
        "Take over",
        "High: act soon",
        "Nobody has it",
        "I take it",
        "Ended in the last 24 hours",
        "Cy Quagga , Suicide risk (critical) Emergency services took over, Olu Quagga",
    ):
        assert words in console.text, words
    assert "Ada &lt;b&gt;Quagga" in console.page
    assert console.text.index("Ada") < console.text.index("Bo Quagga")
    assert "safe" not in console.text.lower()


def test_each_role_sees_what_is_theirs(app: Flask, client: FlaskClient, world: World) -> None:
    clinic, other = world.clinic(), world.clinic()
    member, outsider = clinic.staff(), clinic.staff()
    open_alert(client, clinic.patient("Ada Quagga", care_team=[member.user_id]))
    foreign = open_alert(client, other.patient("Eve Quagga"))
    assert "Ada Quagga" in console_of(app, member, "/alerts").text
    admin = console_of(app, clinic.admin, "/alerts")
    assert "A patient" in admin.text
    assert "Ada" not in admin.text
    assert not [action for action in admin.forms() if action.startswith("/alerts")]
    for person in (outsider, other.staff(name="Ann")):
        shown = console_of(app, person, "/alerts")
        assert "Ada" not in shown.text
    assert "No alert is open that you may see" in console_of(app, outsider, "/alerts").text
    refused = console_of(app, clinic.staff()).open(f"/alerts/{foreign}")
    assert refused.status_code == 404


def test_unchanged_it_costs_no_body_and_no_read(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    alert_id = open_alert(client, clinic.patient())
    console = console_of(app, olu)
    console.open(PART)
    before, read = tag(console), len(entries(olu, "alerts_listed"))
    # Of what is on the screen only the minute may have changed.
    for _ in range(2):
        if ask(console, before) == 304:
            break
        before = tag(console)
    assert console.shown is not None
    assert (console.shown.status_code, console.shown.data) == (304, b"")
    assert len(entries(olu, "alerts_listed")) == read
    do(client, olu, alert_id, "acknowledge")
    assert ask(console, before) == 200
    assert "You have it since" in console.text or "You have it since" in console.page
    assert tag(console) != before


def test_only_a_critical_one_that_nobody_has_sounds(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    open_alert(client, clinic.patient(), 1)
    alert_id = open_alert(client, clinic.patient(), 2)
    console = console_of(app, olu, "/alerts")
    assert f'data-alarms="{alert_id}.1.1"' in console.page
    do(client, olu, alert_id, "acknowledge")
    console.open("/alerts")
    assert 'data-alarms=""' in console.page
    set_alert(clinic, alert_id, status="triggered", ack_expires_at=None, page_round=2)
    console.open("/alerts")
    assert f'data-alarms="{alert_id}.2.1"' in console.page


def test_it_is_taken_from_the_board_and_then_its_facts_are_there(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    alert_id = open_alert(client, clinic.patient("Ada Quagga"))
    console = console_of(app, olu, "/alerts")
    shown = console.send(f"/alerts/{alert_id}/acknowledge", owner="")
    assert shown.request.path == f"/console/alerts/{alert_id}"
    assert "You took this alert at" in console.text


def test_of_two_browsers_one_takes_it_and_the_other_is_shown_who(
    app: Flask, client: FlaskClient, clinic: ClinicWorld, olu: Person
) -> None:
    alert_id = open_alert(client, clinic.patient())
    ben = clinic.staff(name="Ben Quagga")
    first, second = console_of(app, olu, "/alerts"), console_of(app, ben, "/alerts")
    path = f"/alerts/{alert_id}/acknowledge"
    assert first.send(path, owner="").status_code == 200
    refused = second.send(path, owner="")
    assert refused.status_code == 409
    assert "Somebody was faster" in second.text
    assert "Olu Quagga took this alert at" in second.text
    assert "Take over from Olu Quagga" in second.text
    assert second.send(path, owner=str(olu.user_id)).status_code == 200
    assert "You took this alert at" in second.text
