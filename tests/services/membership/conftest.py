"""The room in which letters about addresses are read."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask import Flask

from services.accounts import passwords
from tests.builders.world import World
from tests.services.membership.mailroom import START, Mailroom


@pytest.fixture
def room(world: World, worker_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Mailroom:
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    clinic = World(world.app, START).clinic()
    return Mailroom(world.app, worker_app, clinic)
