"""The scene of an alert: a clinic whose chain is two people's mail, then the administrator's."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.builders.scene import START, Scene
from tests.builders.workers import FIRST, SECOND, channels_to
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
    """A clinic in Paris on a Friday night."""
    clinic = World(app, START).clinic()
    clinic.contact(f"mailto:{FIRST}")
    clinic.contact(f"mailto:{SECOND}")
    return Scene(app, worker_app, clinic, channels_to(smtp_server.receiver.port))
