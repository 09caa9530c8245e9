"""What a phone keeps on its disk: the outbox, its copy of the server's entries, and small things.

Every public call is one write, whole or not at all: whatever kills the app between two of them, the
next start finds here all that it knows (`docs/mobile.md`, "An outgoing entry").
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Final

Item = dict[str, Any]
LONGEST_WAIT_S: Final = 300.0
TABLES: Final = """
CREATE TABLE IF NOT EXISTS outbox (place INTEGER PRIMARY KEY, id TEXT UNIQUE, state TEXT,
  item TEXT, tries INTEGER DEFAULT 0, due_at REAL DEFAULT 0, problem TEXT);
CREATE TABLE IF NOT EXISTS copy (id TEXT PRIMARY KEY, kind TEXT, record TEXT);
CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT);
"""


class State(Enum):
    """Of an outgoing entry, once it is done."""

    WAITING = "waiting"
    SENT = "sent"
    STORED = "stored"
    REFUSED = "refused"


# The rows of the document's table: what may come before.
BEFORE: Final = {
    State.SENT: (State.WAITING, State.SENT),
    State.STORED: (State.SENT,),
    State.REFUSED: (State.SENT,),
}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An entry that is to be sent."""

    id: str
    item: Item
    tries: int


class Disk:
    """The files of one app. Only one app at a time opens them, and in one thread."""

    def __init__(self, path: Path) -> None:
        # No power cut here: what is killed is the app, and then nothing of a write may be seen.
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.executescript("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY;" + TABLES)

    def close(self) -> None:
        """As the end of the app does."""
        self._db.close()

    def put(self, item: Item) -> None:
        """One more entry waits; the same again changes nothing."""
        words = "INSERT OR IGNORE INTO outbox (id, state, item) VALUES (?, 'waiting', ?)"
        self._db.execute(words, (item["id"], json.dumps(item)))

    def unsent(self) -> list[Waiting]:
        """What the server may not have, the oldest first."""
        return [one for one, _ in self._unsent()]

    def oldest(self, count: int, now: datetime) -> list[Waiting]:
        """What is to be sent and is due, the oldest first.

        A wait is never longer than 300 s: one that seems to be was begun by another clock.
        """
        at = now.timestamp()
        due = [one for one, due_at in self._unsent() if not 0 < due_at - at <= LONGEST_WAIT_S]
        return due[:count]

    def _unsent(self) -> Iterator[tuple[Waiting, float]]:
        rows = self._db.execute(
            "SELECT id, item, tries, due_at FROM outbox WHERE state IN ('waiting', 'sent')"
            " ORDER BY place"
        )
        for id, item, tries, due_at in rows:
            yield Waiting(id, json.loads(item), tries), due_at

    def mark(self, ids: Iterable[str], state: State, problem: Any = None) -> None:
        """They are in this state now; fails for a step that the document does not know."""
        kept = None if problem is None else json.dumps(problem)
        self._db.execute("BEGIN")
        for id in ids:
            known = self._db.execute("SELECT state FROM outbox WHERE id = ?", (id,)).fetchone()
            if State(known[0]) not in BEFORE[state]:
                raise RuntimeError(f"no step from {known[0]} to {state.value}")
            words = "UPDATE outbox SET state = ?, problem = ? WHERE id = ?"
            self._db.execute(words, (state.value, kept, id))
        self._db.execute("COMMIT")

    def try_later(self, waits: Iterable[tuple[str, float]], now: datetime) -> None:
        """Not before so many seconds from now."""
        words = "UPDATE outbox SET tries = tries + 1, due_at = ? WHERE id = ?"
        self._db.execute("BEGIN")
        self._db.executemany(words, [(now.timestamp() + wait, id) for id, wait in waits])
        self._db.execute("COMMIT")

    def ids(self) -> list[str]:
        """All that is in the outbox."""
        return [id for (id,) in self._db.execute("SELECT id FROM outbox ORDER BY place")]

    def refused(self) -> dict[str, Item]:
        """What the server does not take, and why not."""
        rows = self._db.execute("SELECT id, problem FROM outbox WHERE state = 'refused'")
        return {id: json.loads(problem) for id, problem in rows}

    def apply(self, changes: Sequence[Any], cursor: str) -> None:
        """A page of changes and where it ends, in one write; after the last, empty page what was
        stored needs no place of its own any more.
        """
        self._db.execute("BEGIN")
        for one in changes:
            if one["op"] == "delete":
                self._db.execute("DELETE FROM copy WHERE id = ?", (one["id"],))
            else:
                row = (one["id"], one["kind"], json.dumps(one["record"]))
                self._db.execute("INSERT OR REPLACE INTO copy VALUES (?, ?, ?)", row)
        self.keep("cursor", cursor)
        if not changes:
            self._db.execute("DELETE FROM outbox WHERE state = 'stored'")
        self._db.execute("COMMIT")

    def forget_copy(self) -> None:
        """Begin the copy anew; the outbox is not touched."""
        self._db.executescript("BEGIN; DELETE FROM copy; DELETE FROM kept WHERE name='cursor'; END")

    def copy(self) -> dict[str, Item]:
        """The entries as the server last told of them, by id."""
        return {
            id: json.loads(record) for id, record in self._db.execute("SELECT id, record FROM copy")
        }

    def keep(self, name: str, value: str) -> None:
        """A small thing."""
        self._db.execute("INSERT OR REPLACE INTO kept VALUES (?, ?)", (name, value))

    def kept(self, name: str) -> str | None:
        """A small thing, if it is there."""
        row = self._db.execute("SELECT value FROM kept WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])
