"""Wakes at the commit of a page: LISTEN on a connection of its own. The poll is the truth."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import psycopg
from psycopg import sql

from services.alerts.writing import WAKE_CHANNEL


class Ear:
    """Hears notifications while the database answers, and says so when it does not."""

    def __init__(self, libpq_url: str) -> None:
        self._url = libpq_url
        self._connection: psycopg.Connection | None = None

    def wait(self, timeout_s: float) -> bool:
        """Block until somebody wakes us, at most so long. True when woken.

        Raises `psycopg.OperationalError` when the database is gone; the next call connects anew.
        """
        try:
            if self._connection is None:
                # Whatever was committed before we listened is found by looking once.
                self._connection = self._listen()
                return True
            return any(True for _ in self._connection.notifies(timeout=timeout_s, stop_after=1))
        except psycopg.OperationalError:
            self.close()
            raise

    def _listen(self) -> psycopg.Connection:
        connection = psycopg.connect(self._url, autocommit=True, connect_timeout=3)
        connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(WAKE_CHANNEL)))
        return connection

    def close(self) -> None:
        """Let the connection go."""
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
