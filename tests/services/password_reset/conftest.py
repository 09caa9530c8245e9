"""A scene in which passwords are forgotten: a clinic, its worker, and a real mail server."""

from __future__ import annotations

import pytest
from argon2 import PasswordHasher
from flask import Flask

from services.accounts import passwords
from tests.builders.world import World
from tests.fixtures.mail import MailServer
from tests.services.password_reset.scene import START, ResetScene


@pytest.fixture
def scene(
    world: World, worker_app: Flask, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> ResetScene:
    """A clinic whose passwords cost little to check."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "HASHER", cheap)
    clinic = World(world.app, START).clinic()
    return ResetScene(world.app, worker_app, clinic, smtp_server)
