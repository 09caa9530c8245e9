"""A server that knows its address by a name, and whoever has a passkey there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from services.accounts import passwords
from tests.builders.accounts.software_key import (
    SoftwareKey,
    known_by_name,
)
from tests.builders.world import ClinicWorld, Person
from tests.services.accounts.second_factor.passkey_calls import (
    CHEAP,
    add,
    staff,
)


@pytest.fixture
def site(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The server knows its address by a name; passwords cost little to check."""
    monkeypatch.setattr(passwords, "HASHER", CHEAP)
    with known_by_name(app):
        yield


@pytest.fixture
def owner(site: None, clinic: ClinicWorld) -> Person:
    return staff(clinic)


@pytest.fixture
def key(client: FlaskClient, owner: Person) -> SoftwareKey:
    """A passkey that its owner has added."""
    found = SoftwareKey()
    add(client, owner, found)
    return found
