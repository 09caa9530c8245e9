"""The database roles, which belong to the whole PostgreSQL server and not to one database.

Roles are made here, once per server, by `make run` or by an operator; migrations only grant.

| role              | logs in | what it is for                                              |
|-------------------|---------|-------------------------------------------------------------|
| interlude_owner   | yes     | owns the tables, migrates; may hand functions to the door   |
| interlude_app     | yes     | the API; owns nothing, held by row-level security           |
| interlude_worker  | yes     | alerts, notifications, contacts of all clinics; no answers  |
| interlude_auditor | yes     | reads all, writes its own run log                           |
| interlude_sealer  | yes     | gives audit entries their place in the chain; no other table |
| interlude_door    | no      | owner of the log-in functions, with policies of its own     |
| interlude_eraser  | no      | owner of the one function that erases a patient              |

None is a superuser, none bypasses row-level security, none may make roles or databases.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

ROLE_LOCK = 20_260_002
SETUP_LOCK = 20_260_003
OWNER, APP, WORKER, AUDITOR, SEALER = (
    "interlude_owner",
    "interlude_app",
    "interlude_worker",
    "interlude_auditor",
    "interlude_sealer",
)
DOOR = "interlude_door"
ERASER = "interlude_eraser"
OWNERS_OF_FUNCTIONS = (DOOR, ERASER)
LOGIN_ROLES = (OWNER, APP, WORKER, AUDITOR, SEALER)

# BYPASSRLS and SUPERUSER may be named by a superuser only, so they are taken away only when found.
_HARMLESS = sql.SQL("NOCREATEDB NOCREATEROLE")


def make_roles(admin_url: str, passwords: Mapping[str, str] | None = None) -> None:
    """Make or mend the seven roles; running it again, or in two places at once, does no harm.

    Args:
        admin_url: a role that may make roles, as `postgresql://…` (a driver suffix is ignored).
        passwords: new passwords by role name; a role that is not named keeps the one it has.

    Raises:
        psycopg.Error: the server is away or the role may not make roles.
    """
    with psycopg.connect(libpq_url(admin_url)) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", (ROLE_LOCK,))
        for role in (*LOGIN_ROLES, *OWNERS_OF_FUNCTIONS):
            _make_role(connection, role, (passwords or {}).get(role))
        for role in OWNERS_OF_FUNCTIONS:
            _let_the_owner_hand_functions_to(connection, role)


def passwords_in(urls: Iterable[str]) -> dict[str, str]:
    """The passwords that these database URLs name for our roles, by role."""
    named = [make_url(url) for url in urls if url]
    return {
        url.username: str(url.password)
        for url in named
        if url.username in LOGIN_ROLES and url.password
    }


def make_database(admin_url: str, name: str, template: str | None = None) -> bool:
    """Make a database owned by `interlude_owner`, closed to everybody but our roles.

    Returns:
        Whether it was made now (`False`: it was there).
    """
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,)).fetchone():
            return False
        database, owner = sql.Identifier(name), sql.Identifier(OWNER)
        source = sql.Identifier(template) if template else sql.SQL("template1")
        connection.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(database, owner, source)
        )
        connection.execute(
            sql.SQL("REVOKE CONNECT, TEMPORARY ON DATABASE {} FROM PUBLIC").format(database)
        )
        connection.execute(
            sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(
                database, sql.SQL(", ").join(map(sql.Identifier, LOGIN_ROLES))
            )
        )
        return True


@contextmanager
def one_at_a_time(admin_url: str) -> Iterator[None]:
    """Hold the server-wide lock under which roles and a first database are made."""
    with psycopg.connect(libpq_url(admin_url), autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(%s)", (SETUP_LOCK,))
        yield


def libpq_url(url: str) -> str:
    """The URL as PostgreSQL's own tools read it: without SQLAlchemy's driver suffix."""
    return "postgresql://" + url.partition("://")[2]


def _make_role(connection: psycopg.Connection, role: str, password: str | None) -> None:
    name = sql.Identifier(role)
    found = connection.execute(
        "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", (role,)
    ).fetchone()
    if found is None:
        connection.execute(sql.SQL("CREATE ROLE {}").format(name))
    elif found[0]:
        connection.execute(sql.SQL("ALTER ROLE {} NOSUPERUSER NOBYPASSRLS").format(name))
    login = sql.SQL("NOLOGIN" if role in OWNERS_OF_FUNCTIONS else "LOGIN")
    connection.execute(sql.SQL("ALTER ROLE {} {} {}").format(name, login, _HARMLESS))
    if password is not None:
        connection.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(name, sql.Literal(password)))


def _let_the_owner_hand_functions_to(connection: psycopg.Connection, role: str) -> None:
    """From PostgreSQL 16 without inheriting: the owner must not see through the role's policies."""
    options = " WITH INHERIT FALSE, SET TRUE" if connection.info.server_version >= 160_000 else ""
    connection.execute(
        sql.SQL("GRANT {} TO {}" + options).format(sql.Identifier(role), sql.Identifier(OWNER))
    )
