"""A log-in with a second factor: each code opens once, and guesses are slow from everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from uuid import uuid4

import psycopg
import pytest
from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import undefer

from api.embedded.urls import DatabaseUrls
from migrations.roles import libpq_url
from models import Clinic, LoginDelay, Notification, TotpFactor, User
from services.accounts import passwords
from services.accounts.guesses.device_links import open_link
from services.accounts.guesses.devices import ClaimedDevice
from services.accounts.letters import FACTOR_GUESSED
from services.accounts.login import Credentials, log_in
from services.accounts.second_factor.enrolment import remove_totp
from services.accounts.second_factor.factors import SentFactor
from services.accounts.second_factor.proof import Proof, check_own_factor
from services.exceptions import Invalid, LoginFailed, RateLimited, SecondFactorRequired, WrongFactor
from services.unit_of_work import transaction
from tests.builders.accounts.authenticator import Authenticator, enrol
from tests.builders.browser import PASSWORD
from tests.builders.calls import at_once
from tests.builders.stored import entries, rows, somebody_waits
from tests.builders.world import ClinicWorld, Person, World

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)
HOME, AWAY = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def early(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[ClinicWorld]:
    """A clinic whose passwords cost little to check."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    with world.app.app_context():
        yield World(world.app, START).clinic()


def staff(clinic: ClinicWorld, password: str = PASSWORD) -> Person:
    person = clinic.staff()
    kept = passwords.hash_password(password)
    with transaction(clinic.id) as session:
        session.execute(update(User).where(User.id == person.user_id).values(password_hash=kept))
    return person


@pytest.fixture
def ada(early: ClinicWorld) -> Person:
    return staff(early)


@pytest.fixture
def app_of_ada(ada: Person) -> Authenticator:
    return enrol(ada, START - timedelta(hours=1))


def outcome(
    person: Person,
    at: datetime = START,
    address: str = HOME,
    password: str = PASSWORD,
    devices: tuple[ClaimedDevice, ...] = (),
    **factor: str,
) -> str | int:
    """What a log-in comes to in a word, or the seconds to wait."""
    try:
        log_in(Credentials(person.email, password, **factor), address, at, devices)
    except WrongFactor:
        return "wrong"
    except SecondFactorRequired as error:
        return " ".join(error.extra["factors"])
    except LoginFailed:
        return "refused"
    except RateLimited as limited:
        return limited.retry_after_s
    return "in"


def test_the_right_password_alone_is_asked_for_more(ada: Person, app_of_ada: Authenticator) -> None:
    assert outcome(ada) == "totp recovery_code"
    assert outcome(ada, totp=app_of_ada.code(START, 0)) == "in"
    assert outcome(ada, totp="000000") == "wrong"
    assert outcome(ada, recovery_code="0000-0000-0000-0000") == "wrong"
    # Whoever does not know the password learns nothing of a factor.
    assert outcome(ada, password="wrong") == "refused"
    assert outcome(ada, password="wrong", totp=app_of_ada.code(START, 1)) == "refused"


def test_whoever_has_no_factor_is_asked_for_none(early: ClinicWorld) -> None:
    assert outcome(staff(early), totp="123456") == "in"


def test_what_is_enrolled_is_asked_for_whatever_the_policy_says(
    early: ClinicWorld, ada: Person, app_of_ada: Authenticator
) -> None:
    with transaction(early.id) as session:
        session.execute(update(Clinic).values(second_factor="off"))
    assert outcome(ada) == "totp recovery_code"


def test_a_code_opens_once_and_no_earlier_one_after_it(
    ada: Person, app_of_ada: Authenticator
) -> None:
    assert outcome(ada, totp=app_of_ada.code(START, 0)) == "in"
    for steps in (0, -1):
        assert outcome(ada, START + SECOND, totp=app_of_ada.code(START, steps)) == "wrong"
    assert outcome(ada, START + 2 * SECOND, totp=app_of_ada.code(START, 1)) == "in"


def test_the_code_that_enrolled_opens_nothing(ada: Person) -> None:
    device = enrol(ada, START)
    assert outcome(ada, totp=device.code(START, 0)) == "wrong"


def test_of_many_with_one_code_at_once_one_is_let_in(
    app: Flask, ada: Person, app_of_ada: Authenticator
) -> None:
    later = START + timedelta(hours=1)
    for now, factor in (
        (START, {"totp": app_of_ada.code(START, 0)}),
        (later, {"recovery_code": app_of_ada.recovery_codes[0]}),
    ):
        tries = [partial(_in_a_thread, app, ada, now, f"203.0.113.{n}", factor) for n in range(4)]
        assert Counter(at_once(tries)) == {"in": 1, "wrong": 3}


def _in_a_thread(
    app: Flask, person: Person, now: datetime, address: str, factor: dict[str, str]
) -> str | int:
    with app.app_context():
        return outcome(person, now, address, **factor)


def test_of_many_proofs_with_one_code_at_once_one_counts(
    app: Flask, database_urls: DatabaseUrls, ada: Person, app_of_ada: Authenticator
) -> None:
    """Nothing but the factor's own row makes them take turns. All read it while it is held, so that
    none is right merely for being first.
    """
    sent = SentFactor(totp=app_of_ada.code(START, 0))

    def proves() -> bool:
        with app.app_context():
            try:
                check_own_factor(ada.actor, sent, START)
            except Invalid:
                return False
            return True

    with ThreadPoolExecutor(3) as pool:
        with psycopg.connect(libpq_url(database_urls.admin)) as holder:
            holder.execute("SELECT FROM totp_factors FOR UPDATE")
            proving = [pool.submit(proves) for _ in range(3)]
            somebody_waits(database_urls, 3)
        assert Counter(one.result() for one in proving) == {True: 1, False: 2}


def test_each_recovery_code_opens_once_however_it_is_typed(
    ada: Person, app_of_ada: Authenticator
) -> None:
    first, second, *_ = app_of_ada.recovery_codes
    assert outcome(ada, recovery_code=first) == "in"
    assert outcome(ada, recovery_code=first) == "wrong"
    assert outcome(ada, recovery_code=second.replace("-", " ")) == "in"
    assert len(set(app_of_ada.recovery_codes)) == 10


def test_used_up_codes_are_not_offered(ada: Person, app_of_ada: Authenticator) -> None:
    for place, code in enumerate(app_of_ada.recovery_codes):
        assert outcome(ada, START + place * SECOND, recovery_code=code) == "in"
    assert outcome(ada) == "totp"


def test_codes_of_another_account_open_nothing(
    early: ClinicWorld, ada: Person, app_of_ada: Authenticator
) -> None:
    ben = staff(early)
    his = enrol(ben, START - timedelta(hours=1))
    assert outcome(ada, totp=his.code(START, 0)) == "wrong"
    assert outcome(ada, recovery_code=his.recovery_codes[0]) == "wrong"
    assert outcome(ben, recovery_code=his.recovery_codes[0]) == "in"


def test_a_wrong_code_leaves_one_trace_in_a_quarter_of_an_hour(
    ada: Person, app_of_ada: Authenticator
) -> None:
    for _ in range(3):
        outcome(ada, totp="000000")
    found = rows(ada, "SELECT about_ids FROM audit_entries WHERE action = 'second_factor_failed'")
    assert [row["about_ids"] for row in found] == [[ada.user_id]]


def test_whoever_owns_the_account_hears_of_guesses_once_a_day(
    worker_app: Flask, ada: Person, app_of_ada: Authenticator
) -> None:
    """Not of a slip or two; of the third wrong code in a row with the right password, from wherever
    they come.
    """
    day = timedelta(days=1)

    def letters_sent() -> int:
        return letters(worker_app).count(FACTOR_GUESSED)

    for tick in range(2):
        assert outcome(ada, START + tick * SECOND, totp="000000") == "wrong"
    assert outcome(ada, START + 2 * SECOND, totp=app_of_ada.code(START, 0)) == "in"
    for tick in range(20):
        outcome(ada, START + day + tick * SECOND, password="wrong", totp="000000")
    assert letters_sent() == 0
    for tick in range(40):
        outcome(ada, START + 2 * day + tick * SECOND, f"203.0.113.{tick}", totp="000000")
    assert letters_sent() == 1
    later = START + 2 * day + timedelta(hours=2)
    known = (ClaimedDevice(ada.user_id, uuid4(), START),)
    for tick in range(4):
        outcome(ada, later + tick * SECOND, devices=known, totp="000000")
    assert letters_sent() == 1
    for tick in range(4):
        outcome(ada, later + day + tick * SECOND, devices=known, recovery_code="0" * 16)
    assert letters_sent() == 2


def test_guesses_of_whoever_is_logged_in_are_noted_as_well(
    worker_app: Flask, early: ClinicWorld, ada: Person, app_of_ada: Authenticator
) -> None:
    """Who has read the password and found an open log-in has thousands of tries in twelve hours."""
    other = staff(early)
    for tick in range(4):  # of whoever has no factor nothing is guessed
        with pytest.raises(Invalid):
            check_own_factor(other.actor, SentFactor(totp="000000"), START + tick * SECOND)
    assert entries(other, "second_factor_failed") == []
    wrong = Proof(PASSWORD, totp="000000")
    for tick in range(2):
        with pytest.raises(Invalid):
            remove_totp(ada.actor, wrong, START + tick * SECOND)
    assert len(entries(ada, "second_factor_failed")) == 1
    assert FACTOR_GUESSED not in letters(worker_app)
    for tick in range(2, 5):
        with pytest.raises(Invalid):
            remove_totp(ada.actor, wrong, START + tick * SECOND)
    assert letters(worker_app).count(FACTOR_GUESSED) == 1
    assert len(entries(ada, "second_factor_failed")) == 1


def test_guesses_are_slow_from_however_many_addresses(
    ada: Person, app_of_ada: Authenticator
) -> None:
    """Ten minutes of a guesser with the password and 50 addresses; the database counts, not a
    process.
    """
    came = Counter(
        outcome(ada, START + tick * 4 * SECOND, f"203.0.113.{tick % 50}", totp="000000")
        for tick in range(150)
    )
    assert 5 < came["wrong"] <= 5 + 2 * 10
    assert {one for one in came if isinstance(one, int)} <= set(range(1, 31))
    end = START + timedelta(minutes=10)
    # A recovery code is a code too, and an address that has hardly tried is let in soon.
    wait = outcome(ada, end, AWAY, totp=app_of_ada.code(end, 0))
    if wait != "in":
        later = end + int(wait) * SECOND
        assert outcome(ada, later, AWAY, totp=app_of_ada.code(later, 0)) == "in"


def test_nobody_else_spends_the_tries_of_a_known_device(
    ada: Person, app_of_ada: Authenticator
) -> None:
    known = (ClaimedDevice(ada.user_id, uuid4(), START),)
    for tick in range(60):
        outcome(ada, START + tick * SECOND, f"203.0.113.{tick}", totp="000000")
    now = START + 60 * SECOND
    assert outcome(ada, now, devices=known, totp=app_of_ada.code(now, 0)) == "in"
    came = [outcome(ada, now, devices=known, totp="000000") for _ in range(6)]
    assert came == [*["wrong"] * 5, 30]


def test_whoever_guessers_keep_out_is_mailed_a_link(
    worker_app: Flask, ada: Person, app_of_ada: Authenticator
) -> None:
    for number in range(9):
        credentials = Credentials(ada.email, PASSWORD, totp="000000")
        with suppress(WrongFactor, RateLimited):
            log_in(credentials, f"203.0.113.{number}", START, link_page="/a/device?link=")
    links = [one for one in letters(worker_app) if one.startswith("/a/device?link=")]
    assert len(links) == 1
    device = ClaimedDevice(
        open_link(links[0].removeprefix("/a/device?link="), START), uuid4(), START
    )
    assert outcome(ada, devices=(device,), totp=app_of_ada.code(START, 0)) == "in"


def letters(worker_app: Flask) -> list[str]:
    query = select(Notification).where(Notification.kind == "letter")
    with worker_app.app_context(), transaction() as session:
        found = session.scalars(query.options(undefer(Notification.sealed_code)))
        return [row.sealed_code or "" for row in found]


def test_a_clock_that_was_ahead_keeps_nobody_out(ada: Person, app_of_ada: Authenticator) -> None:
    ahead = START + timedelta(days=400)
    assert outcome(ada, ahead, totp=app_of_ada.code(ahead, 0)) == "in"
    assert outcome(ada, totp=app_of_ada.code(START, 0)) == "in"
    assert outcome(ada, totp=app_of_ada.code(START, 0)) == "wrong", "each opens once, as ever"


def test_being_asked_for_a_code_is_no_guess(ada: Person, app_of_ada: Authenticator) -> None:
    for _ in range(20):
        assert outcome(ada) == "totp recovery_code"
    assert outcome(ada, totp=app_of_ada.code(START, 0)) == "in"


def test_tries_name_nobody(ada: Person, app_of_ada: Authenticator) -> None:
    outcome(ada, totp="000000")
    with transaction() as session:
        kept = session.query(LoginDelay.key_digest).all()
    assert all(ada.user_id.bytes not in digest for (digest,) in kept)


def test_the_secret_is_kept_encrypted_and_codes_as_digests(
    early: ClinicWorld, ada: Person, app_of_ada: Authenticator
) -> None:
    (factor,) = rows(ada, "SELECT secret, new_secret FROM totp_factors")
    assert app_of_ada.secret.encode() not in bytes(factor["secret"])
    assert factor["new_secret"] is None
    kept = rows(ada, "SELECT code_digest FROM recovery_codes")
    assert {len(bytes(row["code_digest"])) for row in kept} == {32}
    with transaction(early.id) as session:
        assert session.query(TotpFactor.secret).scalar() == app_of_ada.secret
