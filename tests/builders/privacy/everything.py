"""All that a database holds, as text: every table as PostgreSQL writes it, every encrypted value
opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import psycopg
from psycopg import sql

from migrations.roles import libpq_url
from models import Base
from models.encryption import EncryptedText, context_of, keyring

TABLES = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'erasure')"


@dataclass(frozen=True)
class Everything:
    """Text by table."""

    tables: dict[str, str]

    def with_any(self, *marks: str) -> set[str]:
        """The tables in which one of these is, in any case."""
        return {
            name
            for name, text in self.tables.items()
            if any(mark.casefold() in text.casefold() for mark in marks)
        }


def everything(admin_url: str) -> Everything:
    """What a superuser can read, and with our key, open."""
    with psycopg.connect(libpq_url(admin_url)) as connection:
        found = {}
        for schema, name in connection.execute(TABLES).fetchall():
            copy = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(schema, name))
            with connection.cursor().copy(copy) as rows:
                found[name] = b"".join(bytes(row) for row in rows).decode()
        for name, text in _opened(connection):
            found[name] += "\n" + text
    return Everything(found)


def _opened(connection: psycopg.Connection) -> Iterator[tuple[str, str]]:
    for table in Base.metadata.sorted_tables:
        keys = [sql.Identifier(key.name) for key in table.primary_key]
        for column in table.c:
            if not isinstance(column.type, EncryptedText):
                continue
            query = sql.SQL("SELECT {}, {} FROM {} WHERE {} IS NOT NULL").format(
                sql.Identifier(column.name),
                sql.SQL(", ").join(keys),
                sql.Identifier(table.name),
                sql.Identifier(column.name),
            )
            for stored, *row in connection.execute(query).fetchall():
                yield table.name, keyring.decrypt(stored, context_of(str(column), *row)).decode()
