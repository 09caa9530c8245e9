"""How a migration of a clinic at work waits for locks: shortly, and again later.

Whoever asks for a table that others use waits, and all who come later wait behind: a migration
that queues behind one long report stops every check-in. So a transaction of a migration has a
moment for everything that it does, its waiting included. When that is over, what it did is undone,
everybody else goes on, and it tries again after a pause.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, event
from sqlalchemy.exc import DBAPIError

# The last migration from before a clinic at work was thought of: later ones wait shortly.
LAST_OF_BEFORE: Final = "0055"
# What a check-in may have to wait for, with the commit and all else well below a second.
LOCK_WAIT_S: Final = 0.5
PATIENCE_S: Final = 600.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 1.0, 15.0
# These hold up nobody, however long they wait and work.
IN_NOBODYS_WAY: Final = re.compile(r"\bCONCURRENTLY\b|\bVALIDATE CONSTRAINT\b", re.IGNORECASE)
# PostgreSQL's words for: no lock in time, not finished in time, a deadlock.
TRY_AGAIN: Final = frozenset({"55P03", "57014", "40P01"})


class BusyDatabaseError(RuntimeError):
    """The tables were in use for as long as a migration tried; the message says what to do."""


def is_worth_another_try(error: DBAPIError) -> bool:
    """Was somebody in the way, who will have gone later?"""
    return getattr(error.orig, "sqlstate", None) in TRY_AGAIN


def pauses(patience_s: float = PATIENCE_S) -> Iterator[float]:
    """Seconds between tries, `patience_s` in all at most: in them everybody works as always."""
    pause_s, waited_s = FIRST_PAUSE_S, 0.0
    while (waited_s := waited_s + pause_s) <= patience_s:
        yield pause_s
        pause_s = min(2 * pause_s, LONGEST_PAUSE_S)


@dataclass
class ShortWaits:
    """Bounds each transaction of a connection, and each statement outside of one, by `wait_s`."""

    connection: Connection
    wait_s: float
    _began_s: float = field(default_factory=time.monotonic)

    def watch(self) -> None:
        """From now on."""
        event.listen(self.connection, "begin", self._begin)
        event.listen(self.connection, "before_cursor_execute", self._bound)

    def _begin(self, _connection: Connection) -> None:
        self._began_s = time.monotonic()

    def _bound(self, connection: Connection, cursor: Any, statement: str, *_rest: object) -> None:
        apart = bool(getattr(connection.connection.dbapi_connection, "autocommit", False))
        if apart and IN_NOBODYS_WAY.search(statement):
            left_ms = 0
        elif apart:
            left_ms = round(1000 * self.wait_s)
        else:
            left_s = self.wait_s - (time.monotonic() - self._began_s)
            left_ms = max(1, round(1000 * left_s))
        scope = "SESSION" if apart else "LOCAL"
        for timeout in ("lock_timeout", "statement_timeout"):
            cursor.execute(f"SET {scope} {timeout} = {left_ms}")
