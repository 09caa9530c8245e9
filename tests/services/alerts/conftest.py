"""The scene of an alert: a clinic whose chain is two people's mail, then the administrator's."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask

from api import create_app
from models.database import db
from services.channels.smtp import SmtpChannel
from services.channels.webhook import WebhookChannel
from tests.builders.scene import FIRST, SECOND, START, Scene
from tests.builders.world import World
from tests.fixtures.mail import MailServer
from tests.fixtures.webhook import WebhookReceiver

PUBLIC_URL = "https://interlude.test"


@pytest.fixture(scope="session")
def worker_app(app: Flask) -> Iterator[Flask]:
    """The application as the worker's database role sees it."""
    made = create_app(replace(app.config["INTERLUDE"], public_url=PUBLIC_URL), role="worker")
    yield made
    with made.app_context():
        db.engine.dispose()


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
    mail = SmtpChannel(
        "127.0.0.1", smtp_server.receiver.port, "interlude@hospital.test", PUBLIC_URL, patience_s=2
    )
    webhook = WebhookChannel(PUBLIC_URL, patience_s=2)
    return Scene(app, worker_app, clinic, {"email": mail, "webhook": webhook})
