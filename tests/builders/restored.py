"""A service whose database is copied at one moment and brought back at a later one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient

from api import create_app
from api.embedded.urls import DatabaseUrls
from api.settings import Settings
from migrations.roles import libpq_url
from models.database import db
from services.channels.base import Channel
from services.clock import utcnow
from tests.builders.workers import worker_on

# Nobody may be connected to a database that is copied.
ALONE = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@dataclass
class Service:
    """The application on one database, its worker, and its commands."""

    settings: Settings
    urls: DatabaseUrls
    app: Flask

    @property
    def client(self) -> FlaskClient:
        """Requests without a network."""
        return self.app.test_client()

    def run(self, *words: str) -> tuple[int, str]:
        """A command: its status, and what it prints."""
        result = self.app.test_cli_runner().invoke(args=list(words))
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.stdout + result.stderr

    def page(self, channels: Mapping[str, Channel]) -> None:
        """What is due is sent, and recorded."""
        worker_app = create_app(self.settings, role="worker")
        try:
            worker_on(worker_app, channels, utcnow).settle()
        finally:
            with worker_app.app_context():
                db.engine.dispose()

    def rows(self, query: str) -> list[Any]:
        """What the database holds, of all clinics."""
        with psycopg.connect(libpq_url(self.urls.admin)) as admin:
            return admin.execute(query.encode()).fetchall()

    def spoil(self, statement: str) -> None:
        """As a superuser whom no constraint and no policy stops."""
        with psycopg.connect(libpq_url(self.urls.admin)) as admin:
            admin.execute("SET session_replication_role = replica")
            admin.execute(statement.encode())


@contextmanager
def service_of(settings: Settings, urls: DatabaseUrls) -> Iterator[Service]:
    """The same settings, on this database."""
    own = replace(
        settings,
        database_url=urls.app,
        worker_database_url=urls.worker,
        auditor_database_url=urls.auditor,
        sealer_database_url=urls.sealer,
    )
    app = create_app(own, any_key=True)
    try:
        yield Service(own, urls, app)
    finally:
        with app.app_context():
            db.engine.dispose()


@dataclass
class Backup:
    """The copy of a service's database, and how it comes back."""

    service: Service
    copy: Callable[[], DatabaseUrls]
    urls: DatabaseUrls | None = None

    def take(self) -> None:
        """The instant that will be restored to is now."""
        with self.service.app.app_context():
            db.engine.dispose()
        with psycopg.connect(libpq_url(self.service.urls.admin), autocommit=True) as admin:
            admin.execute(ALONE)
        self.urls = self.copy()

    @contextmanager
    def restored(self, **settings: Any) -> Iterator[Service]:
        """The service as it was then, perhaps with other settings."""
        assert self.urls is not None, "nothing was backed up"
        with service_of(replace(self.service.settings, **settings), self.urls) as service:
            yield service
