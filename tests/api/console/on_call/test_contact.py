"""How one is paged oneself, and drills, in the console."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from models import ContactMethod
from services.clock import utcnow
from services.contact_methods.codes import method_code_digest
from services.unit_of_work import transaction
from tests.builders.pages.console import Console, console_of
from tests.builders.reach.methods import add_method
from tests.builders.world import ClinicWorld, Person

PATH = "/on-call/contact"
DRILLS = "/on-call/drills"


@pytest.fixture
def ann(clinic: ClinicWorld) -> Person:
    return clinic.staff("on_call", name="Ann Quagga")


def actions(console: Console, what: str) -> list[str]:
    return [action for action in console.forms() if action.endswith(f"/{what}")]


def set_code(person: Person, code: str) -> None:
    """The code that was sent is this one."""
    with person.app.app_context(), transaction(person.actor.clinic_id) as session:
        session.execute(
            update(ContactMethod)
            .where(ContactMethod.user_id == person.user_id)
            .values(code_digest=method_code_digest(code))
        )


def test_an_address_is_added_proved_tried_and_removed(app: Flask, ann: Person) -> None:
    console = console_of(app, ann, PATH)
    assert "Macro" not in console.page
    console.send(PATH, kind="email", address="ann@home.example")
    assert "A code is on its way there." in console.text
    assert "a…@home.example not proved yet" in console.text
    assert not actions(console, "test")
    (verify,) = actions(console, "verify")
    assert console.send(verify, code="AAAA-AAAA").status_code == 422
    assert "The code was wrong, used or too old." in console.text
    assert console.send(actions(console, "code")[0]).status_code == 200
    assert "Another code is on its way" in console.text
    set_code(ann, "QUAG-GA23")
    console.send(verify, code="quag ga23")
    assert "You are paged there from now on." in console.text
    assert "proved" in console.text
    console.send(actions(console, "test")[0])
    assert "A test page is on its way." in console.text
    assert "Last message: waits to be sent" in console.text
    console.send(actions(console, "remove")[0])
    assert "home.example" not in console.text


def test_what_is_no_address_stands_at_its_field(app: Flask, ann: Person) -> None:
    console = console_of(app, ann, PATH)
    assert console.send(PATH, kind="email", address="quagga at home").status_code == 422
    field = console.page.partition('id="address"')[2].partition("</div>")[0]
    assert "Not an e-mail address." in field
    assert 'value="quagga at home"' in console.page


def test_the_order_is_changed_and_a_strangers_method_is_not_there(
    app: Flask, clinic: ClinicWorld, ann: Person
) -> None:
    add_method(ann, "email", "first@home.example", shown="first")
    second = add_method(ann, "email", "second@home.example", shown="second")
    theirs = add_method(clinic.staff(), "email", "other@home.example", shown="quagga")
    console = console_of(app, ann, PATH)
    assert "quagga" not in console.page.lower().replace("ann quagga", "")
    assert actions(console, "sooner") == [f"{PATH}/{second}/sooner"]
    console.send(f"{PATH}/{second}/sooner")
    assert console.text.index("second") < console.text.index("first")
    for what in ("sooner", "test", "remove", "code"):
        stranger = console.post(f"{PATH}/{theirs}/{what}", {"csrf": console.token()})
        assert stranger.status_code == 404
        console.open(PATH)


def test_one_that_refuses_says_why_and_comes_last(app: Flask, ann: Person) -> None:
    failing = {"failing_since": utcnow(), "failing_reason": "smtp_bad_address"}
    add_method(ann, "email", "old@home.example", **failing)
    console = console_of(app, ann, PATH)
    assert "refuses" in console.text
    assert "the address is no mail address" in console.text


def test_a_webhooks_secret_is_shown_once_and_too_many_messages_are_named(
    app: Flask, ann: Person
) -> None:
    console = console_of(app, ann, PATH)
    made = console.send(PATH, kind="webhook", address="https://pager.example/quagga")
    assert made.status_code == 201
    assert "Shown once:" in console.text
    console.open(PATH)
    assert "Shown once:" not in console.text
    for _ in range(9):
        console.send(actions(console, "code")[0])
    assert console.send(actions(console, "code")[0]).status_code == 429
    assert "Too many messages in this hour." in console.text


def test_a_drill_is_started_by_an_administrator_and_measured(
    app: Flask, clinic: ClinicWorld, ann: Person
) -> None:
    console = console_of(app, clinic.admin, DRILLS)
    assert "No drill so far." in console.text
    assert console.send(DRILLS, severity="grave").status_code == 422
    console.send(DRILLS, severity="critical")
    assert "running" in console.text
    assert "never so far (0 of 1)" in console.text
    assert console.send(DRILLS, severity="critical").status_code == 409
    assert "A drill is running: resolve it first." in console.text
    shown = console_of(app, ann, DRILLS)
    assert "by nobody" in shown.text
    assert DRILLS not in shown.forms()
    assert "A drill, about nobody" in console_of(app, ann, "/alerts").text
