"""Which keys the database was written with, and the refusal to work without one of them."""

from __future__ import annotations

import hmac
from datetime import datetime

from sqlalchemy import Engine, LargeBinary, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.pool import ConnectionPoolEntry

from models.base import Base
from models.encryption import keyring


class WrongKeyError(RuntimeError):
    """This process cannot open what the database holds; the message names key ids, never a key."""


class KeyFingerprint(Base):
    """A key that values here were written with; `lost_at` when nobody has it any more."""

    __tablename__ = "key_fingerprints"

    purpose: Mapped[str] = mapped_column(primary_key=True)
    key_id: Mapped[str] = mapped_column(primary_key=True)
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    registered_at: Mapped[datetime]
    lost_at: Mapped[datetime | None]


def refuse_wrong_key(engine: Engine) -> None:
    """Let no connection of this engine be used without every key in use: each raises
    `WrongKeyError`, the first of them now. A database that does not answer is asked when it does.
    """
    event.listen(engine, "connect", _check_key)
    engine.dispose()  # what is connected already was not asked
    try:
        engine.connect().close()
    except OperationalError:
        return


def key_problem(connection: DBAPIConnection) -> str | None:
    """Which keys in use this process does not hold, in words; `None` when it holds all.

    A database from before fingerprints, or without any, has no objection.
    """
    cursor = connection.cursor()
    cursor.execute("SELECT to_regclass('public.key_fingerprints')")
    known = cursor.fetchone()
    if known is None or known[0] is None:
        return None
    cursor.execute(
        "SELECT purpose, key_id, fingerprint FROM public.key_fingerprints WHERE lost_at IS NULL"
    )
    own = keyring.fingerprints()
    missing = [
        f"{purpose} {key_id}"
        for purpose, key_id, mark in cursor.fetchall()
        if not hmac.compare_digest(own.get((purpose, key_id), b""), bytes(mark))
    ]
    cursor.close()
    if not missing:
        return None
    return (
        "INTERLUDE_SECRET_KEY (or the file secret_key in INTERLUDE_DATA_DIR) is not the key that"
        f" this database was written with: missing are {', '.join(sorted(missing))};"
        " if it is lost for good: flask --app wsgi keys adopt --lost ID"
    )


def _check_key(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    problem = key_problem(connection)
    connection.rollback()
    if problem:
        raise WrongKeyError(problem)
