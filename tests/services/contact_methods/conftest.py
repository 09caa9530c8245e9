"""The scene of contact methods: a clinic, its mail server and a pager, at one instant."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.builders.reach.methods import Door
from tests.builders.scene import START, Scene
from tests.builders.workers import channels_to
from tests.builders.world import World
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import WebhookReceiver


@pytest.fixture
def scene(
    app: Flask,
    worker_app: Flask,
    clean_database: None,
    smtp_server: MailServer,
    webhook_receiver: WebhookReceiver,
) -> Scene:
    """A clinic on a Friday night."""
    clinic = World(app, START).clinic()
    return Scene(app, worker_app, clinic, channels_to(smtp_server.receiver.port))


@pytest.fixture
def door(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> Door:
    """Requests at the scene's instant."""
    monkeypatch.setattr("api.http.auth.utcnow", lambda: scene.now)
    return Door(scene)
