"""Entering a clinic takes a proof that SQL alone cannot make.

Row-level security shows the rows of the clinic that `entered_clinic()` names, and that names one
only for a keyed digest of the clinic and of this very database session. Whoever can make the
application send SQL of theirs has no key, and another session's proof holds nothing here.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import tuple_row
from sqlalchemy import (
    Connection,
    Engine,
    Select,
    Text,
    bindparam,
    event,
    func,
    literal_column,
    select,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from models.encryption import keyring
from models.key_fingerprint import WrongKeyError
from models.statements import BEGIN, Query, Statement, ask

# Who enters "it" sees the ids of all clinics, and no row of any.
LIST_OF_CLINICS: Final = UUID(int=0)
# What tells a session from all others: its process, and the start of the server that counts them.
_NAME: Final = "pg_backend_pid() || ' ' || extract(epoch FROM pg_postmaster_start_time())"
_SESSION: Final[Select[tuple[str]]] = select(literal_column(_NAME))
_INFO: Final = "session name"
# Built once: it begins every transaction.
_ENTER: Final = Statement(
    select(
        func.set_config("interlude.clinic_id", bindparam("clinic_id", type_=Text()), True),
        func.set_config("interlude.proof", bindparam("proof", type_=Text()), True),
    )
)


def entering(connection: Connection, clinic_id: UUID) -> Query:
    """What lets a transaction see and write the rows of this clinic until it ends, once it is
    asked. The first time on a connection the session's name is asked before.
    """
    name = connection.info.get(_INFO)
    if name is None:
        name = connection.info[_INFO] = connection.scalar(_SESSION)
    proof = keyring.entry_proof(f"{clinic_id} {name}")
    return Query(_ENTER, {"clinic_id": str(clinic_id), "proof": proof})


def enter(connection: Connection, clinic_id: UUID) -> None:
    """Begin to see and write the rows of this clinic, until the transaction ends."""
    ask(connection, entering(connection, clinic_id), begins=BEGIN)


def enter_session(connection: psycopg.Connection[Any], clinic_id: UUID) -> None:
    """The same for a connection without a pool, until it is closed."""
    cursor = connection.cursor(row_factory=tuple_row)
    cursor.execute(f"SELECT {_NAME}")
    (name,) = cursor.fetchone() or ("",)
    cursor.execute(
        "SELECT set_config('interlude.clinic_id', %s, false),"
        " set_config('interlude.proof', %s, false)",
        (str(clinic_id), keyring.entry_proof(f"{clinic_id} {name}")),
    )


def refuse_closed_door(engine: Engine) -> None:
    """Let no connection of this engine be used on which this process can enter no clinic: each
    raises `WrongKeyError`, the first of them now. A database that does not answer is asked when it
    does.
    """
    event.listen(engine, "connect", check_door)
    engine.dispose()  # what is connected already was not asked
    try:
        engine.connect().close()
    except OperationalError:
        return


def check_door(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    """Of a new connection; raises `WrongKeyError`."""
    cursor = connection.cursor()
    # Other roles than the application's have no door; before migration 0024 there was none.
    cursor.execute(
        "SELECT has_function_privilege(to_regprocedure('public.entered_clinic()')::oid, 'EXECUTE')"
    )
    (has_door,) = cursor.fetchone() or (False,)
    opened = not has_door
    if has_door:
        cursor.execute("BEGIN")  # or what it has entered would outlast the check
        enter_session(connection, LIST_OF_CLINICS)  # type: ignore[arg-type] # psycopg's own is one
        cursor.execute("SELECT public.entered_clinic() IS NOT NULL")
        (opened,) = cursor.fetchone() or (False,)
    cursor.close()
    connection.rollback()
    if not opened:
        raise WrongKeyError(
            "INTERLUDE_SECRET_KEY (or the file secret_key in INTERLUDE_DATA_DIR) opens no clinic"
            " of this database: flask --app wsgi db upgrade registers the right key"
        )
