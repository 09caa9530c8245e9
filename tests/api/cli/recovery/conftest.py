"""A service with a database of its own, whose backup a test takes and restores."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.roles import libpq_url
from tests.builders.workers import PUBLIC_URL
from tests.builders.world import ClinicWorld, World
from tests.fixtures.app import SECRET
from tests.fixtures.databases.restored import Backup, Service, service_of
from tests.fixtures.postgres import TestServer
from tests.fixtures.watched.one_clinic import refuse_crossings
from tests.fixtures.webhook import WebhookReceiver


@pytest.fixture
def backup(
    test_server: TestServer, migrated_template: str, worker_id: str, tmp_path: Path
) -> Iterator[Backup]:
    """Of a service without a clinic."""
    names = [f"interlude_{kind}_{test_server.run_id}_{worker_id}" for kind in ("real", "copy")]

    def copy() -> DatabaseUrls:
        with test_server.turn():
            return test_server.make(names[1], names[0])

    settings = Settings(secret_key=SECRET, data_dir=tmp_path, public_url=PUBLIC_URL)
    with _dropped(test_server, names):
        with test_server.turn():
            urls = test_server.make(names[0], migrated_template)
        with service_of(settings, urls) as service:
            yield Backup(service, copy)
        with psycopg.connect(libpq_url(urls.admin)) as connection:
            refuse_crossings(connection)


@contextmanager
def _dropped(server: TestServer, names: list[str]) -> Iterator[None]:
    try:
        yield
    finally:
        for name in names:
            server.drop(name)


@pytest.fixture
def service(backup: Backup) -> Service:
    """The real one."""
    return backup.service


@pytest.fixture
def hospital(service: Service, webhook_receiver: WebhookReceiver) -> ClinicWorld:
    """A clinic of the real service, that pages a webhook."""
    clinic = World(service.app).clinic()
    clinic.contact(webhook_receiver.url)
    return clinic
