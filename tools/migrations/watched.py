"""What each statement of a migration does to the tables in use, as PostgreSQL itself sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, cast

import psycopg
from sqlalchemy import Connection, Engine, event

from tools.migrations.database import InUse

LOCKED: Final = """
SELECT c.relname, array_agg(DISTINCT l.mode) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
WHERE l.pid = pg_backend_pid() AND l.granted AND l.relation = ANY(%s) GROUP BY c.relname
"""
READ: Final = """
SELECT c.relname, pg_stat_get_xact_numscans(c.oid) + coalesce((
  SELECT sum(pg_stat_get_xact_numscans(i.indexrelid)) FROM pg_index i WHERE i.indrelid = c.oid), 0)
FROM pg_class c WHERE c.oid = ANY(%s)
"""
# Foreign keys that every row keeps, as PostgreSQL says, and whether their rows are hidden from the
# owner of the tables, for whom it looked: then it calls the key valid unseen.
REFERENCES: Final = """
SELECT k.oid, k.conrelid::regclass::text, EXISTS (
  SELECT FROM pg_class c
  WHERE c.oid IN (k.conrelid, k.confrelid) AND row_security_active(c.oid) AND NOT EXISTS (
    SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('*', 'r')
    AND current_user::regrole = ANY (p.polroles) AND pg_get_expr(p.polqual, c.oid) = 'true'))
FROM pg_constraint k
WHERE k.contype = 'f' AND k.convalidated AND k.conrelid = ANY(%s)
"""
FILES: Final = "SELECT oid, relfilenode FROM pg_class WHERE oid = ANY(%s)"
LOCK_TIMEOUT: Final = "SELECT setting::integer FROM pg_settings WHERE name = 'lock_timeout'"
# Whoever holds one of these stops all who write.
STOPS_WRITES: Final = frozenset(
    {"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}
)
WRITES: Final = "RowExclusiveLock"
# Nor does it wait in anybody's way, nor can it be looked at: it wants no transaction around it.
BY_ITSELF: Final = "CONCURRENTLY"


@dataclass(frozen=True)
class Effects:
    """What one statement did to the tables in use, in the words of PostgreSQL.

    `stopped`: tables to which nobody else can write from now until the transaction ends. `changed`:
    those whose rows were changed. `read_whole`: those that were looked through. `rewritten`: those
    that were written anew. `unseen`: those with a foreign key that from now on is said to hold for
    rows that were not looked at. `lock_timeout_ms`: 0 is for ever.
    """

    statement: str
    apart: bool
    stopped: frozenset[str] = frozenset()
    changed: frozenset[str] = frozenset()
    read_whole: frozenset[str] = frozenset()
    rewritten: frozenset[str] = frozenset()
    unseen: frozenset[str] = frozenset()
    lock_timeout_ms: int = 0


class Watcher:
    """Listens to SQLAlchemy, and looks from within the session that a statement runs in."""

    def __init__(self, before: InUse) -> None:
        self.effects: list[Effects] = []
        self._before = before.tables
        self._oids = [*before.tables]
        self._reads: dict[str, int] = {}
        self._references: dict[int, tuple[str, bool]] = {}
        self._changed: frozenset[str] = frozenset()

    @property
    def listeners(self) -> dict[str, Callable[..., Any]]:
        """What is called when, by SQLAlchemy's names."""
        return {
            "begin": self.transaction_begins,
            "before_cursor_execute": self.statement_begins,
            "after_cursor_execute": self.statement_ends,
        }

    def transaction_begins(self, _connection: Connection) -> None:
        """None of its tables has been changed yet."""
        self._changed = frozenset()

    def statement_begins(
        self, connection: Connection, _cursor: object, statement: str, *_rest: object
    ) -> None:
        """Remember what was read so far; a statement apart gets a transaction to look into."""
        session = _session(connection)
        if session.autocommit and BY_ITSELF in statement:
            return
        if session.autocommit:
            session.execute("BEGIN")
            self._changed = frozenset()
        self._reads, self._references = self._read(session), self._refer(session)

    def statement_ends(
        self, connection: Connection, _cursor: object, statement: str, *_rest: object
    ) -> None:
        """Look at what it did, before its transaction ends."""
        session = _session(connection)
        apart = session.autocommit
        if apart and BY_ITSELF in statement:
            self.effects.append(Effects(statement, apart=True))
            return
        self.effects.append(self._effects(session, statement, apart))
        if apart:
            session.execute("COMMIT")

    def _effects(self, session: psycopg.Connection[Any], statement: str, apart: bool) -> Effects:
        locked = dict(session.execute(LOCKED, (self._oids,)).fetchall())
        reads = self._read(session)
        files = dict(session.execute(FILES, (self._oids,)).fetchall())
        references = self._refer(session)
        (timeout,) = session.execute(LOCK_TIMEOUT).fetchone() or (0,)
        written = frozenset(name for name, modes in locked.items() if WRITES in modes)
        changed, self._changed = written - self._changed, written
        return Effects(
            statement=statement,
            apart=apart,
            stopped=frozenset(n for n, modes in locked.items() if STOPS_WRITES & {*modes}),
            changed=changed,
            read_whole=frozenset(n for n, count in reads.items() if count > self._reads.get(n, 0)),
            rewritten=frozenset(
                name
                for oid, (name, file) in self._before.items()
                if oid in files and files[oid] != file
            ),
            unseen=frozenset(
                table
                for oid, (table, is_unseen) in references.items()
                if is_unseen and oid not in self._references
            ),
            lock_timeout_ms=timeout,
        )

    def _refer(self, session: psycopg.Connection[Any]) -> dict[int, tuple[str, bool]]:
        found = session.execute(REFERENCES, (self._oids,)).fetchall()
        return {oid: (table, is_unseen) for oid, table, is_unseen in found}

    def _read(self, session: psycopg.Connection[Any]) -> dict[str, int]:
        return dict(session.execute(READ, (self._oids,)).fetchall())


def _session(connection: Connection) -> psycopg.Connection[Any]:
    return cast("psycopg.Connection[Any]", connection.connection.dbapi_connection)


@contextmanager
def watched(before: InUse) -> Iterator[list[Effects]]:
    """What the statements of this process do to the tables, for the length of a block."""
    watcher = Watcher(before)
    listeners = watcher.listeners
    for name, listener in listeners.items():
        event.listen(Engine, name, listener)
    try:
        yield watcher.effects
    finally:
        for name, listener in listeners.items():
            event.remove(Engine, name, listener)
