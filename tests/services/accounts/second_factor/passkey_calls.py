"""What the tests of passkeys do over and over."""

from __future__ import annotations

from typing import Any

from argon2 import PasswordHasher
from flask.testing import FlaskClient
from sqlalchemy import update

from models import User
from services.accounts import passwords
from services.accounts.second_factor.challenges import Site
from services.unit_of_work import transaction
from tests.builders.accounts.software_key import (
    ADDRESS,
    SoftwareKey,
)
from tests.builders.browser import PASSWORD
from tests.builders.calls import made, post
from tests.builders.world import ClinicWorld, Person

KEYS = "/v1/me/passkeys"
CONFIRM, CHALLENGE = f"{KEYS}/confirm", f"{KEYS}/challenge"
RENEW = "/v1/me/totp/recovery-codes"
WITH_PASSWORD = {"password": PASSWORD}
CHEAP = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
SITE = Site("localhost", ADDRESS)


def staff(clinic: ClinicWorld) -> Person:
    """Somebody with a password that costs little to check."""
    person = clinic.staff()
    kept = passwords.hash_password(PASSWORD)
    with person.app.app_context(), transaction(clinic.id) as session:
        session.execute(update(User).where(User.id == person.user_id).values(password_hash=kept))
    return person


def begin(client: FlaskClient, person: Person, **proof: Any) -> dict[str, Any]:
    """What the browser asks a new authenticator."""
    options = made(post(client, person, WITH_PASSWORD | proof, KEYS))["public_key"]
    assert isinstance(options, dict)
    return options


def add(client: FlaskClient, person: Person, key: SoftwareKey, **proof: Any) -> dict[str, Any]:
    """The passkey of this authenticator."""
    answer = key.make(begin(client, person, **proof))
    return made(post(client, person, {"name": "Blue key", "passkey": answer}, CONFIRM))


def enter(client: FlaskClient, person: Person, **factor: Any) -> Any:
    """Log in with the password, and this."""
    words = {"email": person.email, "password": PASSWORD}
    return client.post("/v1/auth/login", json=words | factor)


def asked(client: FlaskClient, person: Person) -> dict[str, Any]:
    """What a log-in with the password alone asks the browser."""
    answer = enter(client, person)
    assert (answer.status_code, answer.json["code"]) == (401, "second_factor_required")
    options = answer.json["passkey"]
    assert isinstance(options, dict)
    return options


def proof(client: FlaskClient, person: Person, key: SoftwareKey) -> dict[str, Any]:
    """Of who is logged in: the password, and this authenticator."""
    options = made(client.post(CHALLENGE, headers=person.headers))["public_key"]
    return WITH_PASSWORD | {"passkey": key.sign(options)}


def listed(client: FlaskClient, person: Person) -> list[dict[str, Any]]:
    """Their passkeys."""
    items = made(client.get(KEYS, headers=person.headers), 200)["items"]
    assert isinstance(items, list)
    return items
