"""Log-in: one refusal for every cause, delays that grow and never shut."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from unicodedata import normalize

import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from models import User
from services.accounts import passwords
from services.accounts.login import Credentials, log_in
from services.accounts.own_account import change_password, get_me
from services.exceptions import Invalid, LoginFailed, RateLimited, Unauthenticated
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person, World, made_up_email
from tests.builders.world import log_in as log_in_without_password

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PASSWORD = "correct horse battery"
HOME, AWAY = "192.0.2.1", "192.0.2.2"


@pytest.fixture
def early(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClinicWorld]:
    """A clinic whose passwords cost little to check: what is tried here is who is let in."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    with world.app.app_context():
        yield World(world.app, START).clinic()


def with_password(clinic: ClinicWorld, *roles: str, password: str = PASSWORD) -> Person:
    person = clinic.staff(*roles)
    set_hash(person, passwords.hash_password(password))
    return person


def set_hash(person: Person, password_hash: str) -> None:
    with transaction(person.actor.clinic_id) as session:
        session.execute(
            update(User).where(User.id == person.user_id).values(password_hash=password_hash)
        )


def outcome(email: str, password: str, at: datetime = START, address: str = HOME) -> str | int:
    """`in`, `refused`, or the seconds to wait."""
    try:
        log_in(Credentials(email, password), address, at)
    except LoginFailed:
        return "refused"
    except RateLimited as limited:
        return limited.retry_after_s
    return "in"


def test_the_right_password_opens_and_letter_case_of_the_address_does_not_count(
    early: ClinicWorld,
) -> None:
    person = with_password(early)
    assert outcome(person.email.upper(), PASSWORD) == "in"
    assert outcome(person.email, PASSWORD + " ") == "refused"


ACCENTS = "M\u00f6tley \u00c5ngstr\u00f6m"


@pytest.mark.parametrize("form", ["NFC", "NFD", "NFKC", "NFKD"])
@pytest.mark.parametrize("typed", ["NFC", "NFD"])
def test_the_same_password_opens_from_every_keyboard(
    early: ClinicWorld, form: str, typed: str
) -> None:
    person = with_password(early, password=normalize(form, ACCENTS))
    assert outcome(person.email, normalize(typed, ACCENTS)) == "in"
    assert outcome(person.email, "Motley Angstrom") == "refused"


def test_a_hash_of_the_text_as_typed_opens_once_more_and_is_replaced(early: ClinicWorld) -> None:
    typed = normalize("NFD", ACCENTS)
    person = with_password(early)
    set_hash(person, passwords.HASHER.hash(typed))
    assert outcome(person.email, ACCENTS) == "refused"
    assert outcome(person.email, typed) == "in"
    assert outcome(person.email, ACCENTS) == "in"
    set_hash(person, passwords.HASHER.hash(typed))
    change_password(person.actor, typed, "a new long password", START)
    assert outcome(person.email, "a new long password") == "in"


def test_every_cause_is_refused_with_the_same_document(
    client: FlaskClient, early: ClinicWorld
) -> None:
    person, off, without = with_password(early), with_password(early), early.patient()
    with transaction(early.id) as session:
        session.execute(update(User).where(User.id == off.user_id).values(active=False))
    causes = [
        (made_up_email(), PASSWORD),
        (person.email, "wrong"),
        (off.email, PASSWORD),
        (without.email, PASSWORD),
    ]
    answers = [
        client.post("/v1/auth/login", json={"email": email, "password": password})
        for email, password in causes
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.data for answer in answers}) == 1


def test_an_unknown_account_is_refused_without_work(
    early: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names that somebody makes up cost nothing: the server answers all at the same time."""
    monkeypatch.setattr(passwords, "HASHER", None)
    assert outcome(made_up_email(), PASSWORD) == "refused"


def test_wrong_passwords_delay_whoever_tried_them_and_nobody_else(early: ClinicWorld) -> None:
    person = with_password(early)
    assert [outcome(person.email, "wrong") for _ in range(5)] == ["refused"] * 4 + [4]
    assert outcome(person.email, PASSWORD, address=AWAY) == "in"
    assert outcome(with_password(early).email, PASSWORD) == "in"
    assert outcome(person.email, PASSWORD, START + 4 * SECOND) == "in"
    assert outcome(person.email, "wrong", START + 4 * SECOND) == "refused"  # all is forgotten


def test_after_thirty_seconds_anybody_may_try_again_however_many_failed(
    early: ClinicWorld,
) -> None:
    person = with_password(early)
    now = START
    for _ in range(30):
        assert outcome(person.email, "wrong", now) == "refused"
        now += 30 * SECOND
    assert outcome(person.email, PASSWORD, now) == "in"


def test_an_unknown_account_is_delayed_like_a_known_one(early: ClinicWorld) -> None:
    known, unknown = with_password(early).email, made_up_email()
    assert [outcome(known, "wrong") for _ in range(6)] == [
        outcome(unknown, "wrong") for _ in range(6)
    ]


def test_an_address_that_tries_many_accounts_makes_way_for_others(early: ClinicWorld) -> None:
    """A colleague behind the same address gets in, unless others are waiting for their turn."""
    person = with_password(early)
    tried = [outcome(made_up_email(), "wrong") for _ in range(40)]
    assert tried == ["refused"] * 40
    assert outcome(person.email, PASSWORD) == "in"
    busy = [passwords.STRANGERS.places.acquire() for _ in range(2)]
    try:
        assert outcome(person.email, PASSWORD) == passwords.COME_BACK_AFTER_S
        assert outcome(made_up_email(), PASSWORD) == passwords.COME_BACK_AFTER_S
    finally:
        for _ in busy:
            passwords.STRANGERS.places.release()
    assert outcome(person.email, PASSWORD, address=AWAY) == "in"


def test_guesses_at_the_same_moment_are_all_counted(app: Flask, early: ClinicWorld) -> None:
    email = with_password(early).email

    def guess(_: int) -> str | int:
        with app.app_context():
            return outcome(email, "wrong")

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(guess, range(16)))
    assert seen.count("refused") == 4


def test_a_delay_says_when_to_come_back(client: FlaskClient, early: ClinicWorld) -> None:
    body = {"email": made_up_email(), "password": "wrong"}
    answers = [client.post("/v1/auth/login", json=body) for _ in range(7)]
    last = answers[-1]
    assert (last.status_code, last.json["code"]) == (429, "rate_limited")
    assert 1 <= int(last.headers["Retry-After"]) <= 30


def test_changing_the_password_ends_the_other_devices(early: ClinicWorld) -> None:
    here = with_password(early)
    other = log_in_without_password(early.app, early.id, here.user_id, START)
    change_password(here.actor, PASSWORD, "a new long password", START)
    assert get_me(here.actor, START).id == here.user_id
    with pytest.raises(Unauthenticated):
        get_me(other.actor, START)
    assert outcome(here.email, PASSWORD) == "refused"
    assert outcome(here.email, "a new long password") == "in"


def test_the_old_password_cannot_be_guessed_quickly(early: ClinicWorld) -> None:
    person = with_password(early)
    for _ in range(4):
        with pytest.raises(Invalid):
            change_password(person.actor, "wrong", "a new long password", START)
    with pytest.raises(RateLimited):
        change_password(person.actor, PASSWORD, "a new long password", START)


def test_our_own_failure_is_not_counted_against_anybody(
    early: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = with_password(early)

    def broken(*_: object) -> None:
        raise OSError("out of memory")

    with monkeypatch.context() as patched:
        patched.setattr("services.accounts.login.fitting", broken)
        for _ in range(30):
            with pytest.raises(OSError, match="memory"):
                outcome(person.email, PASSWORD)
    assert outcome(person.email, PASSWORD) == "in"


def test_a_clock_set_back_shuts_nobody_out(early: ClinicWorld) -> None:
    person = with_password(early)
    for _ in range(9):
        outcome(person.email, "wrong", START + timedelta(days=1))
    assert outcome(person.email, PASSWORD, START) == "in"


def test_an_account_switched_off_while_its_password_is_checked_stays_out(
    early: ClinicWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = with_password(early)

    def slowly(password: str, kept: list[str | None], turn: passwords.Turn) -> list[bool]:
        with transaction(early.id) as session:
            session.execute(update(User).where(User.id == person.user_id).values(active=False))
        return passwords.fitting(password, kept, turn)

    monkeypatch.setattr("services.accounts.login.fitting", slowly)
    assert outcome(person.email, PASSWORD) == "refused"


def test_logins_that_are_counted_in_another_order_than_they_came_all_get_in(
    early: ClinicWorld,
) -> None:
    """Two colleagues behind one address at the same moment: neither has failed at anything."""
    first, second = with_password(early, "clinician"), with_password(early, "on_call")
    assert outcome(second.email, PASSWORD, START + SECOND) == "in"
    assert outcome(first.email, PASSWORD, START) == "in"
