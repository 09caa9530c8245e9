"""A lost answer locks no phone out, and a stolen token that is used ends the family."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from api.http.auth import encode_pair
from models import AuditEntry, TokenFamily, TokenPair, User
from services.access import Actor
from services.accounts.own_account import get_me
from services.accounts.tokens.families import PATIENT_LIFETIME, STAFF_LIFETIME, Grant
from services.accounts.tokens.refresh import Answer, PairState, Presented, decide, refresh
from services.exceptions import Unauthenticated
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld, Person, World, log_in

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PHONES = 40 if os.environ.get("INTERLUDE_PROVE") == "1" else 3
SECOND = timedelta(seconds=1)


def pair(age: float = 100, *, used: bool = False, spent: bool = False, voided: bool = False):
    return PairState(uuid4(), START - timedelta(seconds=age), used, spent, voided)


RULE = [
    # the presented pair, its successor, the answer
    (pair(), None, Answer.NEW),
    (pair(used=True), None, Answer.NEW),
    (pair(used=True, spent=True), pair(0), Answer.SAME_AGAIN),
    (pair(used=True, spent=True), pair(10), Answer.SAME_AGAIN),
    (pair(used=True, spent=True), pair(10.001), Answer.REPLACE_UNUSED),
    (pair(used=True, spent=True), pair(86_400 * 100), Answer.REPLACE_UNUSED),
    (pair(used=True, spent=True), pair(1, used=True), Answer.THEFT),
    (pair(used=True, spent=True), pair(10_000, used=True, spent=True), Answer.THEFT),
    (pair(voided=True), None, Answer.THEFT),
]


@pytest.mark.parametrize(("presented", "successor", "answer"), RULE)
def test_the_rule_row_by_row(
    presented: PairState, successor: PairState | None, answer: Answer
) -> None:
    assert decide(presented, successor, START) is answer


@pytest.fixture
def early(world: World) -> Iterator[ClinicWorld]:
    """A clinic made at the start of the story, inside an application context."""
    with world.app.app_context():
        yield World(world.app, START).clinic()


def presented(actor: Actor) -> Presented:
    return Presented(actor.clinic_id, actor.user_id, actor.family_id, actor.pair_id)


def written(grant: Grant) -> dict[str, object]:
    return encode_pair(grant.actor, grant.issued_at, grant.lifetime)


def is_refused(actor: Actor, now: datetime) -> bool:
    try:
        refresh(presented(actor), now)
    except Unauthenticated:
        return True
    return False


def family_of(actor: Actor) -> TokenFamily:
    with transaction(actor.clinic_id) as session:
        family = session.scalars(select(TokenFamily).where(TokenFamily.id == actor.family_id)).one()
        session.expunge(family)
    return family


def test_the_same_pair_is_answered_for_ten_seconds_byte_for_byte(early: ClinicWorld) -> None:
    phone = early.patient().actor
    first = refresh(presented(phone), START)
    again = refresh(presented(phone), START + 10 * SECOND)
    assert written(first) == written(again)
    later = refresh(presented(phone), START + 11 * SECOND)
    assert later.actor.pair_id != first.actor.pair_id
    assert written(later)["refresh_token"] != written(first)["refresh_token"]


def test_the_pair_that_was_replaced_unused_ends_the_family_when_it_turns_up(
    early: ClinicWorld,
) -> None:
    phone = early.patient().actor
    lost = refresh(presented(phone), START).actor
    renewed = refresh(presented(phone), START + 60 * SECOND).actor
    assert get_me(renewed, START + 61 * SECOND).id == phone.user_id
    with pytest.raises(Unauthenticated):
        get_me(lost, START + 62 * SECOND)
    assert family_of(phone).revoked_reason == "token_reuse"
    assert is_refused(renewed, START + 63 * SECOND)


def use_before_phone(thief: Actor, at: datetime) -> Actor:
    """The thief refreshes the stolen token and uses what it gets."""
    got = refresh(presented(thief), at).actor
    get_me(got, at)
    return got


def test_a_stolen_token_that_is_used_ends_the_family_and_is_recorded(early: ClinicWorld) -> None:
    person = early.patient()
    thief = use_before_phone(person.actor, START)
    assert is_refused(person.actor, START + timedelta(days=1))
    assert is_refused(thief, START + timedelta(days=1))
    with pytest.raises(Unauthenticated):
        get_me(thief, START + SECOND)
    with transaction(early.id) as session:
        user = session.scalars(select(User).where(User.id == person.user_id)).one()
        assert user.needs_invitation
        actions = session.scalars(select(AuditEntry.action)).all()
        assert actions.count("token_reused") == 1


def test_a_token_stolen_and_shown_after_the_phone_moved_on_ends_the_family(
    early: ClinicWorld,
) -> None:
    person = early.patient()
    fresh = refresh(presented(person.actor), START).actor
    get_me(fresh, START + SECOND)
    assert is_refused(person.actor, START + 2 * SECOND)
    assert is_refused(fresh, START + 3 * SECOND)


def test_another_device_of_the_same_person_is_not_touched_by_the_theft(early: ClinicWorld) -> None:
    person = early.patient()
    other = log_in(early.app, early.id, person.user_id, START)
    use_before_phone(person.actor, START)
    assert is_refused(person.actor, START + 60 * SECOND)
    assert get_me(other.actor, START + 61 * SECOND).id == person.user_id


@pytest.mark.parametrize(
    ("role", "lifetime"), [("patient", PATIENT_LIFETIME), ("clinician", STAFF_LIFETIME)]
)
def test_a_family_lives_from_its_last_use(
    early: ClinicWorld, role: str, lifetime: timedelta
) -> None:
    person = early.patient() if role == "patient" else early.staff(role)
    second = refresh(presented(person.actor), START + lifetime).actor
    third = refresh(presented(second), START + 2 * lifetime).actor
    assert is_refused(third, START + 3 * lifetime + SECOND)
    assert family_of(third).revoked_at is None  # it ran out, nobody stole anything


def test_an_access_token_is_no_refresh_token(client: FlaskClient, clinic: ClinicWorld) -> None:
    person = clinic.patient()
    assert client.post("/v1/auth/refresh", headers=person.headers).status_code == 401
    refresh_token = person.tokens(datetime.now(UTC))["refresh_token"]
    as_access = {"Authorization": f"Bearer {refresh_token}"}
    assert client.get("/v1/me", headers=as_access).status_code == 401


def test_a_repeat_over_http_has_the_same_bytes(client: FlaskClient, clinic: ClinicWorld) -> None:
    token = clinic.patient().tokens(datetime.now(UTC))["refresh_token"]
    header = {"Authorization": f"Bearer {token}"}
    answers = [client.post("/v1/auth/refresh", headers=header) for _ in range(3)]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.data for answer in answers}) == 1


def test_refreshes_at_the_same_moment_all_get_the_same_pair(app: Flask, early: ClinicWorld) -> None:
    phone = early.patient().actor
    crowd = 8
    gate = Barrier(crowd)

    def attempt(_: int) -> str:
        with app.app_context():
            gate.wait(10)
            return str(written(refresh(presented(phone), START + SECOND))["refresh_token"])

    with ThreadPoolExecutor(crowd) as pool:
        tokens = set(pool.map(attempt, range(crowd)))
    assert len(tokens) == 1
    with transaction(early.id) as session:
        of_family = select(func.count()).where(TokenPair.family_id == phone.family_id)
        assert session.scalar(of_family) == 2


class Phone:
    """A phone on a bad network: requests and answers get lost, retries come soon or tomorrow."""

    def __init__(self, person: Person, chance: random.Random) -> None:
        self.actor, self.issued_at, self.chance = person.actor, START, chance
        self.lost_answers = 0

    def use(self, now: datetime) -> bool:
        """One use of the app; the answer to any call may get lost."""
        if now - self.issued_at >= timedelta(minutes=15) and not self.renew(now):
            return False
        get_me(self.actor, now)
        return True

    def renew(self, now: datetime) -> bool:
        if self.chance.random() < 0.2:
            return False  # the request never arrived
        grant = refresh(presented(self.actor), now)
        if self.chance.random() < 0.4:
            self.lost_answers += 1
            return False
        self.actor, self.issued_at = grant.actor, grant.issued_at
        return True


def live(phone: Phone, days: int) -> datetime:
    """Days of use: now and then, each failed call tried again after seconds, minutes or hours."""
    now = START
    for day in range(days):
        now = max(now, START + timedelta(days=day, hours=phone.chance.uniform(0, 12)))
        for _ in range(phone.chance.randint(0, 3)):
            tries = phone.chance.randint(1, 6)
            while tries and not phone.use(now):
                now += phone.chance.choice([1, 3, 9, 12, 90, 5000]) * SECOND
                tries -= 1
            now += timedelta(minutes=phone.chance.choice([1, 20, 200]))
    return now


@pytest.mark.parametrize("seed", range(PHONES))
def test_no_phone_is_locked_out_in_sixty_days_of_lost_answers(
    early: ClinicWorld, seed: int
) -> None:
    phone = Phone(early.patient(), random.Random(seed))
    now = live(phone, 60)
    assert phone.lost_answers > 20
    while not phone.use(now):
        now += 20 * SECOND
    assert family_of(phone.actor).revoked_at is None


def use_until_refused(phone: Phone, now: datetime) -> None:
    for minute in range(0, 6000, 20):
        phone.use(now + timedelta(minutes=minute))


@pytest.mark.parametrize("seed", range(PHONES))
def test_a_token_stolen_on_some_day_ends_the_family_once_both_have_used_theirs(
    early: ClinicWorld, seed: int
) -> None:
    phone = Phone(early.patient(), random.Random(seed))
    now = live(phone, 5)
    stolen = phone.actor
    use_before_phone(stolen, now + SECOND)
    with pytest.raises(Unauthenticated):
        use_until_refused(phone, now)
    assert family_of(stolen).revoked_reason == "token_reuse"
