"""Fifty addresses try passwords a hundred times a second: the owner gets in within five seconds.

Over HTTP behind a trusted proxy, at a moved clock; whoever is told to come back does so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from unittest import mock

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from models import LoginDelay, User
from services.accounts import passwords
from services.unit_of_work import transaction
from tests.builders.seen import saw
from tests.builders.world import ClinicWorld, Person

START = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
PASSWORD = "correct horse battery quagga"
ADDRESSES, TRIES_A_SECOND, LIMIT_S = 50, 100, 5
PROXY = (ip_network("127.0.0.0/8"),)


@dataclass
class Attacked:
    """One account, its attackers and its owner; `now` is the clock of all of them."""

    app: Flask
    owner: Person
    hasher: PasswordHasher
    now: datetime = START
    checked: list[datetime] = field(default_factory=list)

    def log_in(self, client: FlaskClient, address: str, password: str) -> TestResponse:
        """Try, from behind the proxy."""
        body = {"email": self.owner.email, "password": password}
        headers = {"X-Forwarded-For": f"203.0.113.250, {address}"}
        return client.post("/v1/auth/login", json=body, headers=headers)

    def verify(self, kept: str, password: str) -> bool:
        """Stands where the hasher does, and notes the wrong ones."""
        if password != PASSWORD:
            self.checked.append(self.now)
        return self.hasher.verify(kept, password)


@contextmanager
def attacked(app: Flask, clinic: ClinicWorld) -> Iterator[Attacked]:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    scene = Attacked(app, clinic.staff(), cheap)
    with app.app_context(), transaction(clinic.id) as session:
        session.execute(
            update(User)
            .where(User.id == scene.owner.user_id)
            .values(password_hash=cheap.hash(PASSWORD))
        )
    settings = replace(app.config["INTERLUDE"], trusted_proxies=PROXY)
    with (
        mock.patch.dict(app.config, INTERLUDE=settings),
        mock.patch("api.http.auth.utcnow", side_effect=lambda: scene.now),
        mock.patch.object(passwords, "HASHER", scene),
    ):
        yield scene


def test_the_owner_gets_in_while_fifty_addresses_try(app: Flask, clinic: ClinicWorld) -> None:
    attack(app, clinic, seconds=3)


def attack(app: Flask, clinic: ClinicWorld, seconds: int) -> None:
    """Each second one owner comes from an address never seen, and one on a known device."""
    with attacked(app, clinic) as scene:
        known = app.test_client()
        assert scene.log_in(known, "198.51.100.1", PASSWORD).status_code == 200
        attackers = app.test_client()
        waiting: dict[str, datetime] = {}
        came: dict[str, datetime] = {}
        took: list[float] = []
        for tick in range(seconds * TRIES_A_SECOND):
            scene.now = START + timedelta(seconds=tick / TRIES_A_SECOND)
            wrong = scene.log_in(attackers, f"192.0.2.{tick % ADDRESSES}", f"guess {tick}")
            assert wrong.status_code in (401, 429)
            if tick % TRIES_A_SECOND == TRIES_A_SECOND - 1:
                newcomer = f"198.18.{tick // TRIES_A_SECOND // 250}.{len(came) % 250}"
                came[newcomer] = waiting[newcomer] = scene.now
                assert scene.log_in(known, "198.51.100.1", PASSWORD).status_code == 200
            _come_back(scene, waiting, came, took)
        while waiting:
            scene.now += timedelta(seconds=1 / TRIES_A_SECOND)
            _come_back(scene, waiting, came, took)
    assert len(took) == seconds
    assert max(took) <= LIMIT_S
    _at_most_twenty_in_any_minute(scene.checked)
    saw(f"slowest {max(took):.1f} s, {len(scene.checked)} guesses checked")


def _come_back(
    scene: Attacked, waiting: dict[str, datetime], came: dict[str, datetime], took: list[float]
) -> None:
    """Whoever's time has come tries from a browser without cookies."""
    for address in [one for one, due in waiting.items() if due <= scene.now]:
        answer = scene.log_in(scene.app.test_client(), address, PASSWORD)
        if answer.status_code == 200:
            took.append((scene.now - came[address]).total_seconds())
            del waiting[address]
        else:
            assert answer.status_code == 429
            wait = int(answer.headers["Retry-After"])
            assert wait <= 30
            waiting[address] = scene.now + timedelta(seconds=wait)


def _at_most_twenty_in_any_minute(checked: list[datetime]) -> None:
    minute = timedelta(minutes=1)
    for first in checked:
        assert sum(first <= one < first + minute for one in checked) <= 20


def test_refused_tries_leave_nothing_for_ever(app: Flask, clinic: ClinicWorld) -> None:
    with attacked(app, clinic) as scene:
        client = app.test_client()
        for number in range(30):
            scene.log_in(client, f"192.0.2.{number}", "wrong")
        for _ in range(4):
            scene.now += timedelta(minutes=16)
            scene.log_in(client, "192.0.2.99", "wrong")
        with app.app_context(), transaction() as session:
            assert len(session.scalars(select(LoginDelay.key_digest)).all()) <= 3


def test_who_forwards_without_being_trusted_is_one_address(app: Flask, clinic: ClinicWorld) -> None:
    """A stranger who writes the header gets no newcomer's share with each new name."""
    with attacked(app, clinic) as scene, mock.patch.dict(app.config, INTERLUDE=plain(app)):
        client = app.test_client()
        seen = [scene.log_in(client, f"192.0.2.{n}", "wrong").status_code for n in range(20)]
        assert seen == [401] * 4 + [429] * 16


def plain(app: Flask) -> object:
    """The settings without a trusted proxy."""
    return replace(app.config["INTERLUDE"], trusted_proxies=())
