"""Which database a process talks to, and as whom."""

from __future__ import annotations

import atexit
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from api.embedded.server import EmbeddedServer, join_or_start
from api.setting_names import PREFIX
from api.settings import Settings, SettingsError
from migrations import roles
from models.encryption import keyring
from services.clock import utcnow
from services.operations.keys import register_key

DatabaseRole = Literal["app", "owner", "worker", "auditor", "sealer", "admin"]
DATABASE = "interlude"
VARIABLES: Mapping[DatabaseRole, str] = {
    "app": "DATABASE_URL",
    "owner": "OWNER_DATABASE_URL",
    "worker": "WORKER_DATABASE_URL",
    "auditor": "AUDITOR_DATABASE_URL",
    "sealer": "SEALER_DATABASE_URL",
    "admin": "ADMIN_DATABASE_URL",
}


@dataclass(frozen=True)
class DatabaseUrls:
    """One SQLAlchemy URL a role; empty when the operator has not given it."""

    app: str = field(default="", repr=False)
    owner: str = field(default="", repr=False)
    worker: str = field(default="", repr=False)
    auditor: str = field(default="", repr=False)
    sealer: str = field(default="", repr=False)
    admin: str = field(default="", repr=False)

    def need(self, role: DatabaseRole) -> str:
        """The URL of a role.

        Raises:
            SettingsError: naming the variable that is missing.
        """
        url: str = getattr(self, role)
        if not url:
            raise SettingsError(VARIABLES[role], f"is needed to work as the {role} role")
        return url

    def environ(self) -> dict[str, str]:
        """The variables that give these URLs to a child process (not the administrator's)."""
        return {
            PREFIX + name: getattr(self, role)
            for role, name in VARIABLES.items()
            if role != "admin" and getattr(self, role)
        }

    def of_our_roles(self) -> list[str]:
        """Those that are given, without the administrator's."""
        return list(self.environ().values())


def database_urls(settings: Settings) -> DatabaseUrls:
    """The URLs of this process: the operator's, or those of the embedded server.

    An embedded server is joined, or started if none runs, and left when the process ends. A
    database that does not exist yet is made and migrated.

    Raises:
        EmbeddedServerError: the embedded server does not come up.
    """
    if names_a_database(settings):
        return given_urls(settings)
    server = open_embedded(settings)
    atexit.register(server.leave)
    return embedded_urls(server)


def names_a_database(settings: Settings) -> bool:
    """Has the operator named any database? A process may hold one role's URL and no other."""
    return any(getattr(settings, name.lower()) for name in VARIABLES.values())


def open_embedded(
    settings: Settings, report_line: Callable[[str], None] = lambda _line: None
) -> EmbeddedServer:
    """Join or start the embedded server, with roles and a migrated database in it."""
    from migrations.upgrade import upgrade  # Alembic, where there is something to migrate

    server = join_or_start(settings.data_dir / "postgres", report_line=report_line)
    urls = embedded_urls(server)
    with roles.one_at_a_time(urls.admin):
        roles.make_roles(urls.admin)
        if roles.make_database(urls.admin, DATABASE):
            upgrade(urls.owner)
            keyring.use(*settings.secrets)
            register_key(roles.libpq_url(urls.owner), utcnow())
    return server


def embedded_urls(server: EmbeddedServer, database: str = DATABASE) -> DatabaseUrls:
    """The URLs of one database of an embedded server; `admin` is its superuser, elsewhere."""
    return DatabaseUrls(
        app=server.url(roles.APP, database),
        owner=server.url(roles.OWNER, database),
        worker=server.url(roles.WORKER, database),
        auditor=server.url(roles.AUDITOR, database),
        sealer=server.url(roles.SEALER, database),
        admin=server.url("postgres", "postgres"),
    )


def given_urls(settings: Settings) -> DatabaseUrls:
    """Those that the operator has set."""
    return DatabaseUrls(
        app=settings.database_url,
        owner=settings.owner_database_url,
        worker=settings.worker_database_url,
        auditor=settings.auditor_database_url,
        sealer=settings.sealer_database_url,
        admin=settings.admin_database_url,
    )
