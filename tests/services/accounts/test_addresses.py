"""One address, several clinics: who is let in where, and when an address is free again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from models.base import new_id
from services.accounts import login, passwords
from services.accounts.accept import Acceptance, accept
from services.accounts.guesses.devices import ClaimedDevice
from services.accounts.login import Credentials, log_in
from services.clock import utcnow
from services.exceptions import ChooseClinic, LoginFailed, RateLimited
from services.membership.invitations import InvitationForm, invite
from tests.builders.alerts import open_alert
from tests.builders.browser import Browser
from tests.builders.stored import rows
from tests.builders.world import ClinicWorld, World, made_up_email, person_of

ONE, OTHER = "correct horse battery", "another long password"
HOME, AWAY = "192.0.2.1", "192.0.2.2"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)


def join(clinic: ClinicWorld, email: str, password: str | None = ONE, role: str = "patient") -> Any:
    """Somebody accepts an invitation of this clinic under this address."""
    form = InvitationForm(email, "Pat Quagga", (role,))
    with clinic.app.app_context():
        invited = invite(clinic.admin.actor, form, utcnow())
        return person_of(clinic.app, accept(Acceptance(invited.code, password), HOME, utcnow()))


@pytest.fixture
def outcome(app: Flask) -> Callable[..., object]:
    """The clinic that is entered, the clinics to choose from, `refused` or `wait`."""

    def tried(
        email: str, password: str, clinic_id: UUID | None = None, address: str = HOME
    ) -> object:
        credentials = Credentials(email, password, clinic_id=clinic_id)
        with app.app_context():
            try:
                return log_in(credentials, address, utcnow()).actor.clinic_id
            except ChooseClinic as error:
                return {clinic["id"] for clinic in error.extra["clinics"]}
            except LoginFailed:
                return "refused"
            except RateLimited:
                return "wait"

    return tried


def switch(client: FlaskClient, clinic: ClinicWorld, user_id: UUID, *, active: bool) -> Any:
    path = f"/v1/users/{user_id}"
    return client.patch(path, json={"active": active}, headers=clinic.admin.headers)


def test_whoever_moves_to_another_clinic_keeps_address_and_password(
    world: World, outcome: Callable[..., object]
) -> None:
    old, new, email = world.clinic("Old"), world.clinic("New"), made_up_email()
    moved = [join(clinic, email) for clinic in (old, new)]
    assert outcome(email, ONE) == {old.id, new.id}
    assert [outcome(email, ONE, each.id) for each in (old, new)] == [old.id, new.id]
    assert [outcome(email, OTHER, each.id) for each in (old, new)] == ["refused"] * 2
    assert outcome(email, ONE, new_id()) == "refused"
    assert moved[0].user_id != moved[1].user_id


def test_a_password_that_fits_one_account_opens_that_one(
    world: World, outcome: Callable[..., object]
) -> None:
    """A couple with one address, each in a clinic of their own."""
    first, second, email = world.clinic(), world.clinic(), made_up_email()
    join(first, email, ONE)
    join(second, email, OTHER)
    assert (outcome(email, ONE), outcome(email, OTHER)) == (first.id, second.id)
    assert (outcome(email, ONE, second.id), outcome(email, "wrong")) == ("refused", "refused")


def test_within_a_clinic_an_address_has_one_account(
    client: FlaskClient, clinic: ClinicWorld
) -> None:
    email = made_up_email()
    join(clinic, email)
    body = {"email": email.upper(), "name": "Pat Quagga", "roles": ["patient"]}
    answer = client.post("/v1/invitations", json=body, headers=clinic.admin.headers)
    assert (answer.status_code, list(answer.json["errors"])) == (422, ["email"])


def test_the_wire_says_which_clinics_there_are_to_choose_from(
    client: FlaskClient, world: World
) -> None:
    first, second, email = world.clinic("North"), world.clinic("South"), made_up_email()
    for clinic in (first, second):
        join(clinic, email)
    body = {"email": email, "password": ONE}
    asked = client.post("/v1/auth/login", json=body)
    assert (asked.status_code, asked.json["code"]) == (409, "choose_clinic")
    assert asked.json["clinics"] == [
        {"id": str(first.id), "name": "North"},
        {"id": str(second.id), "name": "South"},
    ]
    entered = client.post("/v1/auth/login", json=body | {"clinic_id": str(second.id)})
    assert (entered.status_code, entered.json["user"]["clinic_id"]) == (200, str(second.id))
    wrong = client.post("/v1/auth/login", json=body | {"password": "wrong"})
    assert (wrong.status_code, "clinics" in wrong.json) == (401, False)


def test_an_invitation_does_not_say_whether_another_clinic_knows_the_address(
    client: FlaskClient, world: World, outcome: Callable[..., object]
) -> None:
    asking, other, email = world.clinic(), world.clinic(), made_up_email()
    join(other, email)
    answers = []
    for address, role in product((email, made_up_email()), ("patient", "clinician")):
        body = {"email": address, "name": "Pat Quagga", "roles": [role]}
        if role == "clinician":
            body["email"] = f"staff-{address}"
        sent = client.post("/v1/invitations", json=body, headers=asking.admin.headers)
        answers.append((sent.status_code, sorted(sent.json)))
    assert answers[:2] == answers[2:]
    assert outcome(email, ONE) == other.id


def test_a_right_password_of_ones_own_account_pays_for_no_guesses_at_another(
    world: World, outcome: Callable[..., object]
) -> None:
    """Who knows the password of one account could change it and try it on the other for ever."""
    own, aim, email = world.clinic(), world.clinic(), made_up_email()
    join(own, email, ONE)
    join(aim, email, OTHER)
    assert [outcome(email, ONE) for _ in range(6)] == [own.id] * 4 + ["wait"] * 2
    assert outcome(email, OTHER, aim.id, AWAY) == aim.id


def test_a_known_device_is_let_in_whatever_strangers_try(
    world: World, outcome: Callable[..., object]
) -> None:
    own, other, email = world.clinic(), world.clinic(), made_up_email()
    person = join(own, email, ONE)
    join(other, email, OTHER)
    for _ in range(9):
        outcome(email, "wrong")
    device = ClaimedDevice(person.user_id, new_id(), utcnow())
    with world.app.app_context():
        entered = log_in(Credentials(email, ONE), HOME, utcnow(), [device])
        with pytest.raises(RateLimited):
            log_in(Credentials(email, OTHER), HOME, utcnow(), [device])
    assert (outcome(email, ONE), entered.actor.clinic_id) == ("wait", own.id)


def test_only_so_many_accounts_are_tried_and_later_ones_displace_none(
    world: World, monkeypatch: pytest.MonkeyPatch, outcome: Callable[..., object]
) -> None:
    clinics, email = [world.clinic() for _ in range(login.TRIED_AT_ONCE + 1)], made_up_email()
    for number, clinic in enumerate(clinics):
        join(clinic, email, f"{ONE} {number}")
    checked: list[int] = []

    def counted(password: str, kept: list[str | None], turn: passwords.Turn) -> list[bool]:
        checked.append(len(kept))
        return passwords.fitting(password, kept, turn)

    monkeypatch.setattr(login, "fitting", counted)
    assert outcome(email, f"{ONE} 0") == clinics[0].id
    last = login.TRIED_AT_ONCE
    assert outcome(email, f"{ONE} {last}", address=AWAY) == "refused"
    assert outcome(email, f"{ONE} {last}", clinics[last].id, AWAY) == clinics[last].id
    assert checked == [last, last, 1]


def test_the_page_enters_the_clinic_of_its_alert(
    app: Flask, client: FlaskClient, world: World
) -> None:
    first, second, email = world.clinic("North"), world.clinic("South"), made_up_email()
    for clinic in (first, second):
        join(clinic, email, ONE, "on_call")
    browser = Browser(app, open_alert(client, second.patient()))
    browser.open()
    browser.send("log-in", email=email, password=ONE)
    assert "acknowledge" in browser.forms()


def test_the_page_asks_for_the_clinic_where_the_alert_does_not_say_it(
    app: Flask, world: World
) -> None:
    first, second, email = world.clinic("North"), world.clinic("South"), made_up_email()
    for clinic in (first, second):
        join(clinic, email, ONE, "on_call")
    browser = Browser(app, str(new_id()))
    browser.open()
    asked = browser.send("log-in", email=email, password=ONE)
    assert (asked.status_code, ONE in asked.text) == (409, False)
    for clinic, name in ((first, "North"), (second, "South")):
        assert f'<option value="{clinic.id}">{name}</option>' in asked.text
    entered = browser.send("log-in", email=email, password=ONE, clinic_id=str(second.id))
    assert (entered.status_code, "Nothing here" in entered.text) == (404, True)


def test_an_ended_account_frees_its_address(
    client: FlaskClient, clinic: ClinicWorld, outcome: Callable[..., object]
) -> None:
    email = made_up_email()
    typo = join(clinic, email)
    assert switch(client, clinic, typo.user_id, active=False).status_code == 200
    again = join(clinic, email, OTHER)
    assert (outcome(email, ONE), outcome(email, OTHER)) == ("refused", clinic.id)
    taken = switch(client, clinic, typo.user_id, active=True)
    assert (taken.status_code, list(taken.json["errors"])) == (422, ["active"])
    assert switch(client, clinic, again.user_id, active=False).status_code == 200
    assert switch(client, clinic, typo.user_id, active=True).status_code == 200
    assert outcome(email, ONE) == clinic.id


def test_an_ended_account_takes_its_codes_along(client: FlaskClient, clinic: ClinicWorld) -> None:
    """Also should it be switched on again."""
    form = InvitationForm(made_up_email(), "Sam Quagga", ("on_call",))
    with clinic.app.app_context():
        invited = invite(clinic.admin.actor, form, utcnow())
    for active in (False, True):
        assert switch(client, clinic, invited.user_id, active=active).status_code == 200
    body = {"code": invited.code, "password": ONE}
    assert client.post("/v1/invitations/accept", json=body).status_code == 409
    ends = rows(
        clinic.admin, "SELECT expires_at FROM invitations WHERE user_id = :id", id=invited.user_id
    )
    assert ends[0]["expires_at"] <= utcnow() < invited.expires_at - timedelta(days=6)
