"""Wake the worker at the commit of a page: LISTEN on a connection of its own. Polling stays the
truth.
"""

from __future__ import annotations

from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from models.database import GIVEN_UP
from services.alerts.writing import WAKE_CHANNEL


class WakeListener:
    """Waits for the wake-ups that committed transactions send (`notify_statement`)."""

    def __init__(self, libpq_url: str) -> None:
        self._url = libpq_url
        self._connection: psycopg.Connection | None = None

    def wait(self, timeout_s: float) -> bool:
        """Block until a wake-up comes, at most so many seconds. True when one came.

        Raises `psycopg.Error` when the database is gone, or is a standby that nobody can listen on
        (after a failover, for a moment); the next call connects anew.
        """
        try:
            if self._connection is None:
                # Whatever was committed before we listened is found by looking once.
                self._connection = self._listen()
                return True
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.Error:
            self.close()
            raise

    def _listen(self) -> psycopg.Connection:
        connection = psycopg.connect(self._url, autocommit=True, **GIVEN_UP)
        try:
            connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(WAKE_CHANNEL)))
        except psycopg.Error:
            connection.close()
            raise
        return connection

    def close(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
