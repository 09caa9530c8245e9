"""A device that the account was used on tries at its own expense, whatever others do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient

from services.accounts import passwords
from services.accounts.guesses.devices import ClaimedDevice, known_device
from services.accounts.tokens.families import end_family
from services.unit_of_work import transaction
from tests.builders import browser
from tests.builders.browser import PASSWORD, Browser, give_password
from tests.builders.world import ClinicWorld, Person, World

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
START_ID, OTHER_ID = UUID(int=1), UUID(int=2)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is let in is tried here, not argon2."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    monkeypatch.setattr(browser, "hashed", lambda: cheap.hash(PASSWORD))


def log_in(client: FlaskClient, person: Person, password: str = PASSWORD, **headers: str) -> int:
    body = {"email": person.email, "password": password}
    return client.post("/v1/auth/login", json=body, headers=headers).status_code


def exhaust(app: Flask, person: Person) -> None:
    """A stranger tries until the account has nothing left for this address."""
    stranger = app.test_client()
    while log_in(stranger, person, "wrong") != 429:
        pass
    assert log_in(stranger, person) == 429


def test_a_browser_that_logged_in_gets_in_whatever_a_stranger_tries(
    app: Flask, clinic: ClinicWorld
) -> None:
    person, own = clinic.staff(), app.test_client()
    give_password(person)
    assert log_in(own, person) == 200
    exhaust(app, person)
    assert [log_in(own, person) for _ in range(9)] == [200] * 9


def test_so_does_a_phone_that_shows_a_token_of_its_family(app: Flask, clinic: ClinicWorld) -> None:
    person = clinic.patient()
    give_password(person)
    long_ago = person.headers_at(datetime.now(UTC) - DAY)
    exhaust(app, person)
    assert log_in(app.test_client(), person, **long_ago) == 200
    refresh = person.tokens(datetime.now(UTC))["refresh_token"]
    assert log_in(app.test_client(), person, Authorization=f"Bearer {refresh}") == 200
    other = clinic.patient()
    assert log_in(app.test_client(), person, **other.headers) == 429
    assert log_in(app.test_client(), person, Authorization="Bearer nonsense") == 429


def test_the_alert_page_knows_its_devices_too(app: Flask, clinic: ClinicWorld) -> None:
    person = clinic.staff()
    phone = Browser(app, "0197f3c0-0000-7000-8000-000000000001")
    phone.log_in(person)
    phone.client.delete_cookie("interlude_page", path="/a")
    exhaust(app, person)
    phone.open()
    assert phone.send("log-in", email=person.email, password=PASSWORD).status_code == 404


def test_the_cookie_is_closed_to_scripts_and_signed(app: Flask, clinic: ClinicWorld) -> None:
    person, own = clinic.staff(), app.test_client()
    give_password(person)
    log_in(own, person)
    name = f"interlude_device_{person.user_id.hex[:12]}"
    cookie = own.get_cookie(name)
    assert cookie is not None
    assert (cookie.http_only, cookie.same_site, cookie.max_age) == (True, "Lax", 90 * 86_400)
    exhaust(app, person)
    forged = app.test_client()
    forged.set_cookie(name, f"{cookie.value[:-2]}xx")
    assert log_in(forged, person) == 429
    other = clinic.staff()
    give_password(other)
    log_in(own, other)
    assert log_in(own, person) == 200  # a shared browser knows both


def test_a_known_device_cannot_guess_quickly_either(app: Flask, clinic: ClinicWorld) -> None:
    person, own = clinic.staff(), app.test_client()
    give_password(person)
    log_in(own, person)
    assert [log_in(own, person, "wrong") for _ in range(6)] == [401] * 4 + [429] * 2
    assert log_in(app.test_client(), person) == 200


@pytest.mark.parametrize(
    ("days", "reason", "known"),
    [
        (90, None, True),
        (91, None, False),
        (1, "logged_out", True),
        (1, "password_reset", True),
        (1, "token_reuse", False),
        (1, "ended", False),
        (1, "deactivated", False),
    ],
)
def test_which_families_are_known(world: World, days: int, reason: str | None, known: bool) -> None:
    with world.app.app_context():
        person = World(world.app, START).clinic().patient()
        actor = person.actor
        if reason is not None:
            with transaction(actor.clinic_id) as session:
                end_family(session, actor.family_id, reason, START)
        claimed = [ClaimedDevice(actor.user_id, actor.family_id)]
        found = known_device(actor.clinic_id, actor.user_id, claimed, START + days * DAY)
        assert (found is not None) is known


def test_a_cookie_is_known_for_ninety_days_and_to_its_account() -> None:
    person, other = (
        ClaimedDevice(START_ID, START_ID, START),
        ClaimedDevice(OTHER_ID, OTHER_ID, START),
    )
    assert known_device(START_ID, START_ID, [other, person], START + 90 * DAY) == START_ID
    assert known_device(START_ID, START_ID, [other, person], START + 91 * DAY) is None
    assert known_device(START_ID, OTHER_ID, [person], START) is None
