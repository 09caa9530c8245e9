"""Entry points: HTTP and command line. `create_app` is the one place that puts the parts
together.
"""

from __future__ import annotations

from threading import Lock
from typing import Final, Literal

import structlog
from flask import Flask, Response

from api.cli import Commands
from api.console import register_console
from api.embedded.server import EmbeddedServerError
from api.embedded.urls import database_urls
from api.http.app_versions import init_app_versions
from api.http.audited import init_audited
from api.http.auth import init_auth
from api.http.bodies import OrjsonProvider, init_bodies
from api.http.compression import init_compression
from api.http.cross_origin import init_cross_origin
from api.http.edge import init_edge
from api.http.errors import register_errors
from api.observability.logs import init_logs
from api.observability.losses import count_loss, unnoticed
from api.observability.requests import expect_no_faults, init_requests
from api.page import register_page
from api.phone_app import register_phone_app
from api.routes import register_routes
from api.settings import Settings, SettingsError
from migrations.numbered import migrations, newest_migration
from models.clinic_door import refuse_closed_door
from models.database import (
    ENGINE_OPTIONS,
    UnsafeRoleError,
    db,
    drop_ended_sessions,
    keep_statements,
    refuse_unsafe_role,
)
from models.encryption import keyring
from models.key_fingerprint import WrongKeyError, refuse_wrong_key
from models.replica import guard_replica, replica, replica_bind
from models.revision import WrongMigrationError
from services.operations.revision import refuse_wrong_migration

Role = Literal["app", "worker", "auditor", "sealer"]
# All that may stop a start, besides what a command itself needs; each message is one sentence.
CANNOT_START: Final = (
    SettingsError,
    EmbeddedServerError,
    UnsafeRoleError,
    WrongKeyError,
    WrongMigrationError,
)

log: Final = structlog.get_logger()
# Routes are compiled as an application is made, and Python 3.11 compiles them for one thread at a
# time: its parser counts how deep it is for all threads together, and gives up when two differ.
_MAKING: Final = Lock()


class Interlude(Flask):
    """The application, with our JSON; what follows an answer never changes it any more."""

    json_provider_class = OrjsonProvider

    def process_response(self, response: Response) -> Response:
        """Run what a route asked to do with its answer."""
        try:
            return super().process_response(response)
        except Exception:  # noqa: BLE001 - an answer stands, whatever broke beside it
            count_loss("after_request")
            return response

    def do_teardown_request(self, exc: BaseException | None = None) -> None:
        """Run what was registered for the end of a request."""
        with unnoticed("teardown"):
            super().do_teardown_request(exc)

    def do_teardown_appcontext(self, exc: BaseException | None = None) -> None:
        """Run what was registered for the end of a context."""
        with unnoticed("teardown"):
            super().do_teardown_appcontext(exc)


def create_app(settings: Settings, role: Role = "app", *, any_key: bool = False) -> Flask:
    """Build the application for one database role (the API, the worker, the auditor, the sealer).

    Raises `UnsafeRoleError` when the role is a superuser or bypasses row-level security,
    `WrongKeyError` without the keys that the database was written with, and `WrongMigrationError`
    on tables of another version (both unless `any_key`: for what sets a database up or looks what
    is wrong with it), and `SettingsError` without a URL for the role. A database that does not
    answer at the start is no reason not to start: the service recovers with it.
    """
    with _MAKING:
        app = _assemble(settings, role)
    with app.app_context():
        try:
            _refuse_wrong_database(any_key=any_key)
            _guard_replica()
        except CANNOT_START:
            for engine in db.engines.values():
                engine.dispose()
            raise
    return app


def _assemble(settings: Settings, role: Role) -> Interlude:
    app = Interlude("interlude")
    app.config["INTERLUDE"] = settings
    app.config["SQLALCHEMY_DATABASE_URI"] = database_urls(settings).need(role)
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = ENGINE_OPTIONS
    if role == "app":
        bind = replica_bind(settings.replica_database_url, settings.replica_lag_s)
        app.config["SQLALCHEMY_BINDS"] = bind
    init_logs()
    init_requests(app)
    init_cross_origin(app, settings)
    init_edge(app, settings)
    init_compression(app)
    keyring.use(*settings.secrets)
    db.init_app(app)
    init_auth(app, settings.secrets)
    init_bodies(app)
    init_audited(app)
    init_app_versions(app, settings.min_app_version)
    register_errors(app)
    register_routes(app)
    register_page(app)
    register_console(app)
    register_phone_app(app)
    expect_no_faults(app)
    app.cli = Commands(app.name)
    return app


def _refuse_wrong_database(*, any_key: bool) -> None:
    drop_ended_sessions(db.engine)
    keep_statements(db.engine)
    refuse_unsafe_role(db.engine)
    if not any_key:
        refuse_wrong_key(db.engine)
        refuse_wrong_migration(newest_migration(), migrations())
        refuse_closed_door(db.engine)


def _guard_replica() -> None:
    """A superuser's role stops the start; a replica that cannot be used now stops nothing."""
    engine = replica()
    problem = None if engine is None else guard_replica(engine)
    if problem:
        log.warning("replica_not_used", kind=problem)
