"""A scene with a worker at work, and the watcher that looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from time import monotonic

import pytest
from flask import Flask

from api import create_app
from api.embedded.urls import DatabaseUrls
from models.database import db
from services.alerts.delivery.heartbeat import Heartbeat
from tests.builders.paging.watched import Watched
from tests.builders.scene import START, Scene
from tests.builders.workers import FIRST, SECOND, channels_to
from tests.builders.world import World
from tests.fixtures.mail import MailServer


class BusyScene(Scene):
    """Whoever works is seen at work."""

    def work(self) -> None:
        """All that is due now."""
        super().work()
        with self.worker_app.app_context():
            Heartbeat().beat(monotonic())


@pytest.fixture(scope="session")
def auditor(app: Flask) -> Iterator[Flask]:
    """The application as the auditor's database role sees it."""
    made = create_app(replace(app.config["INTERLUDE"]), role="auditor")
    yield made
    with made.app_context():
        db.engine.dispose()


@pytest.fixture
def watched(auditor: Flask, database_urls: DatabaseUrls) -> Watched:
    """The watcher."""
    return Watched(auditor, database_urls)


@pytest.fixture
def scene(
    app: Flask, worker_app: Flask, clean_database: None, smtp_server: MailServer
) -> BusyScene:
    """A clinic in Paris on a Friday night, its worker at work."""
    clinic = World(app, START).clinic()
    clinic.contact(f"mailto:{FIRST}")
    clinic.contact(f"mailto:{SECOND}")
    scene = BusyScene(app, worker_app, clinic, channels_to(smtp_server.receiver.port))
    scene.work()
    return scene
