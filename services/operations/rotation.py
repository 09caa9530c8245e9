"""Writing all encrypted values anew with the newest key, while the service runs.

Small transactions of the owner, who sees the clinic that it entered by proof and nothing else. What
is done shows in the values themselves, so that a killed run goes on where it ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg import sql
from sqlalchemy import Column, func, select

from models import Base, TokenFamily
from models.clinic_door import enter_session
from models.encryption import EncryptedText, KeyringError, context_of, keyring
from services import audit
from services.operations.keys import register_key
from services.unit_of_work import clinic_ids, transaction

BATCH: Final = 100
# Version and key id of a value.
HEAD: Final = sql.SQL("encode(substring({} from 1 for 5), 'hex')")
# A value that somebody held locked is met again.
PASSES: Final = 5


@dataclass(frozen=True, slots=True)
class Rotated:
    """What came of it: values written anew, values that no key of ours opens, and values left by
    key id.
    """

    written: int
    closed: int
    left: Counter[str]


def count_values(owner_url: str) -> Counter[str]:
    """How many values are written with each key, by key id; those of version 1, bound to their
    column alone, as `<key id> by column`.
    """
    found: Counter[str] = Counter()
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for clinic_id in clinic_ids():
            enter_session(connection, clinic_id)
            for column in encrypted_columns():
                found += _heads(connection, column)
    return found


def rotate(owner_url: str, now: datetime, done: Callable[[int], None]) -> Rotated:
    """Write everything that is not by the newest key anew; `done` is told how many were.

    Then keys that nothing is left under are no longer in use. Raises `WrongKeyError` when a key in
    use is missing.
    """
    register_key(owner_url, now)
    written, closed = 0, 0
    with psycopg.connect(owner_url, autocommit=True) as connection:
        for clinic_id in clinic_ids():
            enter_session(connection, clinic_id)
            for column in encrypted_columns():
                for good, bad in _passes(connection, column):
                    done(good)
                    written, closed = written + good, closed + bad
    left = count_values(owner_url)
    left.pop(keyring.writing, None)
    _retire(owner_url, left)
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            audit.record(session, None, "keys_rotated", now, newest=keyring.writing)
    return Rotated(written, closed, left)


def devices_before(now: datetime, owner_url: str) -> int:
    """How many devices that may come back hold tokens from before the newest key was registered."""
    with psycopg.connect(owner_url) as connection:
        query = "SELECT registered_at FROM key_fingerprints WHERE key_id = %s"
        (since,) = connection.execute(query, (keyring.writing,)).fetchone() or (now,)
    found = 0
    alive = TokenFamily.last_used_at + func.make_interval(0, 0, 0, 0, 0, 0, TokenFamily.lifetime_s)
    for clinic_id in clinic_ids():
        with transaction(clinic_id) as session:
            waiting = select(func.count()).where(
                TokenFamily.revoked_at.is_(None), TokenFamily.last_used_at < since, alive > now
            )
            found += session.scalar(waiting) or 0
    return found


def encrypted_columns() -> Iterator[Column[Any]]:
    """Every encrypted column of every table."""
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.c if isinstance(column.type, EncryptedText))


def _heads(connection: psycopg.Connection, column: Column[Any]) -> Counter[str]:
    query = sql.SQL("SELECT {}, count(*) FROM {} WHERE {} IS NOT NULL GROUP BY 1").format(
        HEAD.format(_name(column)), sql.Identifier(column.table.name), _name(column)
    )
    return Counter(
        {
            head[2:] if head.startswith("02") else f"{head[2:]} by column": count
            for head, count in connection.execute(query)
        }
    )


def _passes(connection: psycopg.Connection, column: Column[Any]) -> Iterator[tuple[int, int]]:
    for _ in range(PASSES):
        after: Sequence[UUID] | None = ()
        wrote = 0
        while after is not None:
            with connection.transaction():
                good, bad, after = _batch(connection, column, after)
            wrote += good
            yield good, bad
        if not wrote:
            return


def _batch(
    connection: psycopg.Connection, column: Column[Any], after: Sequence[UUID]
) -> tuple[int, int, Sequence[UUID] | None]:
    """One transaction: how many were written, how many do not open, and where to go on."""
    name, table = _name(column), sql.Identifier(column.table.name)
    keys = [sql.Identifier(key.name) for key in column.table.primary_key]
    key = sql.SQL(", ").join(keys)
    holes = sql.SQL(", ").join(sql.Placeholder() for _ in keys)
    beyond = sql.SQL("AND ({}) > ({})").format(key, holes) if after else sql.SQL("")
    # Whoever holds a row is not waited for: waiting is how two transactions deadlock.
    query = sql.SQL(
        "SELECT {name}, {key} FROM {table} WHERE {name} IS NOT NULL AND {head} <> %s {beyond}"
        " ORDER BY {key} LIMIT %s FOR UPDATE SKIP LOCKED"
    ).format(name=name, key=key, table=table, head=HEAD.format(name), beyond=beyond)
    rows = connection.execute(query, (f"02{keyring.writing}", *after, BATCH)).fetchall()
    new = []
    for stored, *row in rows:
        context = context_of(str(column), *row)
        try:
            new.append((keyring.encrypt(keyring.decrypt(stored, context), context), *row))
        except KeyringError:
            continue
    change = sql.SQL("UPDATE {} SET {} = %s WHERE ({}) = ({})").format(table, name, key, holes)
    connection.cursor().executemany(change, new)
    return len(new), len(rows) - len(new), rows[-1][1:] if rows else None


def _name(column: Column[Any]) -> sql.Identifier:
    return sql.Identifier(column.name)


def _retire(owner_url: str, left: Counter[str]) -> None:
    """Earlier keys that nothing is left under are not asked for any more."""
    kept = [keyring.writing, *(name.partition(" ")[0] for name in left)]
    with psycopg.connect(owner_url) as connection:
        connection.execute(
            "DELETE FROM key_fingerprints WHERE purpose = 'columns' AND lost_at IS NULL"
            " AND key_id <> ALL(%s) AND registered_at < (SELECT registered_at"
            " FROM key_fingerprints WHERE purpose = 'columns' AND key_id = %s)",
            (kept, keyring.writing),
        )
