"""The second engine: a hot standby that reports may be read from, and that is never written to."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import SQLAlchemyError

from models.clinic_door import check_door
from models.database import ENGINE_OPTIONS, check_role, db, drop_ended_sessions, keep_statements
from models.key_fingerprint import WrongKeyError

# The engine's name, and what it carries: by how many seconds the server may be behind.
REPLICA: Final = "replica"
LAG_LIMIT_S: Final = "replica_lag_limit_s"
# Reports are made one or two at a time. A standby that is promoted takes writes: not from us.
_CONNECTING: Final = ENGINE_OPTIONS["connect_args"] | {
    "options": f"{ENGINE_OPTIONS['connect_args']['options']} -c default_transaction_read_only=on"
}
_OPTIONS: Final = ENGINE_OPTIONS | {
    "pool_size": 2,
    "max_overflow": 6,
    "connect_args": _CONNECTING,
}


def replica_bind(url: str, lag_limit_s: float) -> dict[str, dict[str, Any]]:
    """What Flask-SQLAlchemy makes the engine of; none without a URL."""
    if not url:
        return {}
    return {REPLICA: {"url": url, **_OPTIONS, "execution_options": {LAG_LIMIT_S: lag_limit_s}}}


def replica() -> Engine | None:
    """The engine of the replica, where one is set."""
    return db.engines.get(REPLICA)


def guard_replica(engine: Engine) -> str | None:
    """Hold the replica to what holds for the primary: no connection of it is used as a superuser,
    and none on which this process can enter no clinic.

    Returns the kind of what keeps it from being used now: it is not there, or has not received our
    key yet. Raises `UnsafeRoleError`.
    """
    drop_ended_sessions(engine)
    keep_statements(engine)
    event.listen(engine, "connect", check_role)
    event.listen(engine, "connect", check_door)
    try:
        engine.connect().close()
    except (SQLAlchemyError, WrongKeyError) as error:
        return type(error).__name__
    return None
