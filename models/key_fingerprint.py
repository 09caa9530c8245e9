"""Which keys the database was written with, and the refusal to work without one of them."""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, LargeBinary, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from models.base import Base
from models.database import db
from models.encryption import keyring


class WrongKeyError(RuntimeError):
    """This process cannot open what the database holds; the message names key ids, never a key."""


class KeyFingerprint(Base):
    """A key that values here were written with; `lost_at` when nobody has it any more. `wrapped`:
    the key itself, under the newest secret, where it has to outlive the one that it came from.
    """

    __tablename__ = "key_fingerprints"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    registered_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]
    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)


def refuse_wrong_key(engine: Engine) -> None:
    """Let no connection of this engine be used without every key in use: each raises
    `WrongKeyError`, the first of them now. A database that does not answer is asked when it does.
    """
    event.listen(engine, "connect", _check_key)
    keyring.ask_by(lambda: _ask(engine))
    engine.dispose()  # what is connected already was not asked
    try:
        engine.connect().close()
    except OperationalError:
        return


def _ask(engine: Engine) -> None:
    """Connect, where it is this engine that serves: a process may have had another before."""
    try:
        serves = db.engine is engine
    except RuntimeError:  # outside of any application
        return
    if serves:
        engine.connect().close()


def key_problem(connection: DBAPIConnection) -> str | None:
    """Which keys in use this process does not hold, in words; `None` when it holds all. Takes the
    digest key that the database keeps.

    A database from before fingerprints, or without any, has no objection.
    """
    in_use = _in_use(connection)
    for purpose, key_id, _, wrapped in in_use:
        if purpose == "digests":
            keyring.take_digest_key(key_id, bytes.fromhex(wrapped[2:]) if wrapped else None)
    keyring.settle()
    own = keyring.fingerprints()
    missing = [
        f"{purpose} {key_id}"
        for purpose, key_id, mark, _ in in_use
        if not hmac.compare_digest(own.get((purpose, key_id), b""), bytes(mark))
    ]
    if not missing:
        return None
    return (
        "INTERLUDE_SECRET_KEY (or the file secret_key in INTERLUDE_DATA_DIR) is not the key that"
        f" this database was written with: missing are {', '.join(sorted(missing))};"
        " if it is lost for good: flask --app wsgi keys adopt --lost ID"
    )


def unknown_key(connection: DBAPIConnection) -> str | None:
    """Why this process may not write with its newest key, in words; `None` when it may.

    A database without fingerprints has no objection.
    """
    in_use = {key_id for purpose, key_id, *_ in _in_use(connection) if purpose == "columns"}
    if not in_use or keyring.writing in in_use:
        return None
    return (
        f"INTERLUDE_SECRET_KEY (columns {keyring.writing}) is not in use here: it was rotated away"
        " (put the newest key there), or is new (flask --app wsgi db upgrade registers it)"
    )


def _in_use(connection: DBAPIConnection) -> list[tuple[str, str, bytes, str | None]]:
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass('public.key_fingerprints')")
    (known,) = cursor.fetchone() or (None,)
    if known is not None:
        # As a document: before migration 0024 the column is not there.
        cursor.execute(
            "SELECT purpose, key_id, fingerprint, to_jsonb(f)->>'wrapped'"
            " FROM public.key_fingerprints f WHERE lost_at IS NULL"
        )
    found: list[Any] = [] if known is None else list(cursor.fetchall())
    cursor.close()
    return found


def _check_key(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    problem = key_problem(connection) or unknown_key(connection)
    connection.rollback()
    if problem:
        raise WrongKeyError(problem)
