"""The keys of an installation: registered once they are proved, and given up when they are lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from sqlalchemy import Column, LargeBinary, Table, func, select, type_coerce

from models import Base
from models.encryption import EncryptedText, KeyringError, context_of, keyring
from models.key_fingerprint import WrongKeyError, key_problem
from services import audit
from services.unit_of_work import clinic_ids, transaction

# Whoever is to be paged, and whoever is to be called.
FIRST: Final = ("contacts", "contact_methods", "users", "patients")
# Codes of letters that wait for a minute: the application's role may not read them.
ADD_TO_DOOR: Final = "INSERT INTO door.keys VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
UNSEEN: Final = ("notifications",)


def missing_key() -> str | None:
    """Which keys in use this process does not hold, in words."""
    with transaction() as session:
        return key_problem(session.connection().connection.dbapi_connection)  # type: ignore[arg-type] # it is connected


def register_key(owner_url: str, now: datetime) -> None:
    """Write the fingerprints of this process's keys, once it holds all that are in use.

    `owner_url`: as libpq reads it. Where people are stored and no key is known, the address of one
    of them must open first. Raises `WrongKeyError` when none does, or when other keys are in use.
    """
    with psycopg.connect(owner_url) as connection:
        connection.execute("LOCK TABLE key_fingerprints IN EXCLUSIVE MODE")
        known = connection.execute("SELECT 1 FROM key_fingerprints WHERE lost_at IS NULL")
        if known.fetchone() is None and not _proved(connection):
            raise WrongKeyError("this key opens nothing of what the database holds")
        problem = key_problem(connection)  # type: ignore[arg-type] # psycopg's own is one
        if problem:
            raise WrongKeyError(problem)
        _write(connection, now)
        open_door(connection)


def open_door(connection: psycopg.Connection) -> None:
    """Let the owner's connection tell the door by which keys a clinic may be entered: this
    process's and no others.
    """
    own = [key_id for key_id, *_ in keyring.door_keys()]
    connection.execute("DELETE FROM door.keys WHERE key_id <> ALL(%s)", (own,))
    for kept in keyring.door_keys():
        connection.execute(ADD_TO_DOOR, kept)


def adopt_key(owner_url: str, lost: Sequence[str], now: datetime) -> dict[str, int]:
    """Give keys up for lost, by their ids, and go on with this process's own.

    Returns how many values of each `table.column` nobody can read any more, contacts first.
    Raises `WrongKeyError` when no key in use has this id, or when this process holds it.
    """
    if {key_id for _, key_id in keyring.fingerprints()} & set(lost):
        raise WrongKeyError("a key that this process holds is not lost")
    with psycopg.connect(owner_url) as connection:
        in_use = connection.execute(
            "SELECT 1 FROM key_fingerprints WHERE key_id = ANY(%s) AND lost_at IS NULL",
            (list(lost),),
        )
        if in_use.rowcount < len(set(lost)):
            raise WrongKeyError("a key id that is to be given up is not in use here")
        for kept in keyring.door_keys():  # by it the entries below are written
            connection.execute(ADD_TO_DOOR, kept)
    with psycopg.connect(owner_url) as connection:
        connection.execute("LOCK TABLE key_fingerprints IN EXCLUSIVE MODE")
        connection.execute(
            "UPDATE key_fingerprints SET lost_at = %s WHERE key_id = ANY(%s) AND lost_at IS NULL",
            (now, list(lost)),
        )
        _write(connection, now)
        open_door(connection)
        # Inside: a key is not given up without the entry that says so.
        for clinic_id in clinic_ids():
            with transaction(clinic_id) as session:
                audit.record(session, None, "key_adopted", now, lost=sorted(lost))
    return unreadable()


def unreadable() -> dict[str, int]:
    """How many stored values no key of this process opens, by `table.column`, contacts first."""
    own = [bytes.fromhex(key_id) for _, key_id in keyring.fingerprints()]
    found: Counter[str] = Counter()
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            for column in _encrypted_columns():
                head = func.substring(type_coerce(column, LargeBinary), 2, 4, type_=LargeBinary)
                closed = select(func.count()).where(column.is_not(None), head.not_in(own))
                found[str(column)] += session.scalar(closed) or 0
    return {name: count for name, count in found.items() if count}


def _encrypted_columns() -> Iterator[Column[Any]]:
    for table in sorted(Base.metadata.sorted_tables, key=_place):
        if table.name not in UNSEEN:
            yield from (one for one in table.c if isinstance(one.type, EncryptedText))


def _place(table: Table) -> int:
    return FIRST.index(table.name) if table.name in FIRST else len(FIRST)


def _proved(connection: psycopg.Connection) -> bool:
    """Whether a person's address opens, or nobody is stored yet; asked as the door, since even the
    owner sees no row.
    """
    connection.execute("SET LOCAL ROLE interlude_door")
    people = connection.execute("SELECT clinic_id, id, email FROM public.users LIMIT 100")
    stored = people.fetchall()
    connection.execute("RESET ROLE")
    return not stored or any(_opens(*row) for row in stored)


def _opens(clinic_id: UUID, user_id: UUID, email: bytes) -> bool:
    try:
        keyring.decrypt(email, context_of("users.email", clinic_id, user_id))
    except KeyringError:
        return False
    return True


def _write(connection: psycopg.Connection, now: datetime) -> None:
    """The digest key stays the one that is in use: kept here under the newest secret, it outlives
    the secret that it came from.
    """
    for (purpose, key_id), mark in keyring.fingerprints().items():
        wrapped = keyring.wrapped_digest_key() if purpose == "digests" else None
        connection.execute(
            "INSERT INTO key_fingerprints (purpose, key_id, fingerprint, registered_at, wrapped)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (purpose, key_id)"
            " DO UPDATE SET lost_at = NULL, wrapped = excluded.wrapped",
            (purpose, key_id, mark, now, wrapped),
        )
