"""The Flask-SQLAlchemy object, and the refusal to run as a role that row-level security does not
hold.
"""

from __future__ import annotations

from typing import Any, Final

from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, text

from models.base import Base

db: Final = SQLAlchemy(metadata=Base.metadata, disable_autonaming=True)

ENGINE_OPTIONS: Final[dict[str, Any]] = {
    "pool_size": 4,
    "max_overflow": 12,
    "pool_timeout": 5,
    "pool_recycle": 1800,
    "pool_use_lifo": True,
    "pool_pre_ping": True,
    "connect_args": {
        "connect_timeout": 3,
        "options": "-c statement_timeout=10000 -c idle_in_transaction_session_timeout=15000"
        " -c lock_timeout=8000 -c timezone=UTC",
    },
}


class UnsafeRoleError(RuntimeError):
    """The database role would see every clinic."""


def refuse_unsafe_role(engine: Engine) -> None:
    """Raise ``UnsafeRoleError`` if the role is a superuser or bypasses row-level security."""
    with engine.connect() as connection:
        _check_role(connection)


def _check_role(connection: Connection) -> None:
    row = connection.execute(
        text(
            "SELECT rolname, rolsuper OR rolbypassrls AS unsafe"
            " FROM pg_roles WHERE rolname = current_user"
        )
    ).one()
    if row.unsafe:
        raise UnsafeRoleError(
            f"refusing to serve as the database role {row.rolname!r}:"
            " it is a superuser or bypasses row-level security"
        )
