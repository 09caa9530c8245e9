"""The Flask-SQLAlchemy object, and the refusal to run as a role that row-level security does not
hold.
"""

from __future__ import annotations

import select
from typing import Any, Final, cast

import orjson
import psycopg
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

from models.base import Base

db: Final = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)

# A server that is gone without a word (a cut cable, a firewall that forgot the connection) is given
# up within 30 s, also while nobody asks it anything: a request would wait for a quarter of an hour.
GIVEN_UP: Final[dict[str, Any]] = {
    "connect_timeout": 3,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 15000,
}
ENGINE_OPTIONS: Final[dict[str, Any]] = {
    # The driver begins no transaction by itself: that would be a round trip of its own.
    "isolation_level": "AUTOCOMMIT",
    "json_deserializer": orjson.loads,
    # As many as work at once in a burst: one beyond it is opened and closed for each use.
    "pool_size": 8,
    "max_overflow": 8,
    "pool_timeout": 5,
    "pool_recycle": 1800,
    "pool_use_lifo": True,
    "connect_args": {
        **GIVEN_UP,
        "options": "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000"
        " -c lock_timeout=8000 -c timezone=UTC",
    },
}


# Statements that a connection keeps prepared: more than there are kinds of them. One too many, and
# the driver forgets another with a round trip of its own, and prepares it again when it comes back.
KEPT_STATEMENTS: Final = 1_000
_LENT_BEFORE: Final = "lent before"


def keep_statements(engine: Engine) -> None:
    """Let each connection keep its prepared statements; the driver's own limit is 100."""
    event.listen(engine, "connect", _keep_statements)


def _keep_statements(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    cast(psycopg.Connection[Any], connection).prepared_max = KEPT_STATEMENTS


def drop_ended_sessions(engine: Engine) -> None:
    """Give out no connection whose server said goodbye or is gone, and connect anew. Costs no round
    trip: what can be read of an idle connection is its end. One that has just been made is not
    looked at.
    """
    event.listen(engine, "checkout", _check_alive)


def _check_alive(
    connection: DBAPIConnection, record: ConnectionPoolEntry, _lent: PoolProxiedConnection
) -> None:
    if _LENT_BEFORE not in record.info:
        # When it is dead as well, the server is not there, and the first statement says so.
        record.info[_LENT_BEFORE] = True
        return
    sockets = select.poll()
    try:
        sockets.register(connection.fileno(), select.POLLIN)
    except psycopg.OperationalError as error:  # it knows already
        raise InvalidatePoolError from error
    if sockets.poll(0):
        raise InvalidatePoolError


class UnsafeRoleError(RuntimeError):
    """The database role would see every clinic."""


def refuse_unsafe_role(engine: Engine) -> None:
    """Let no connection of this engine be used as a superuser or a role that bypasses row-level
    security: each raises `UnsafeRoleError`, the first of them now.

    A database that does not answer yet is no fault of the role: it is asked when it does.
    """
    event.listen(engine, "connect", check_role)
    try:
        engine.connect().close()
    except OperationalError:
        return


def check_role(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Of a new connection; raises `UnsafeRoleError`."""
    cursor = connection.cursor()
    cursor.execute(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    role = cursor.fetchone()
    cursor.close()
    connection.rollback()
    if role is None or role[1]:
        raise UnsafeRoleError(
            f"refusing to serve as the database role {role[0] if role else None!r}:"
            " it is a superuser or bypasses row-level security"
        )
