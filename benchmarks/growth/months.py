"""A copy of a database in which tables stand in monthly partitions, as PostgreSQL makes them: made
to measure what that would cost, with the same columns, checks, references, rights and policies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any, Final

import psycopg
from psycopg import sql

from services.clock import utcnow

AHEAD: Final = 3
RIGHTS: Final = """
SELECT format('GRANT %%s ON %%I TO %%I', privilege_type, table_name, grantee)
FROM information_schema.role_table_grants
WHERE table_schema = 'public' AND table_name = %s AND grantee LIKE 'interlude\\_%%'
"""
POLICIES: Final = """
SELECT format('CREATE POLICY %%I ON %%I FOR %%s TO %%s', policyname, tablename, cmd,
  array_to_string(roles, ', ')) || coalesce(' USING (' || qual || ')', '')
  || coalesce(' WITH CHECK (' || with_check || ')', '')
FROM pg_policies WHERE schemaname = 'public' AND tablename = %s
"""
REFERENCES: Final = """
SELECT format('ALTER TABLE %%s ADD %%s', conrelid::regclass, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND conrelid = %s::regclass
"""
INDEXES: Final = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename = %s"


@dataclass(frozen=True, slots=True)
class Parted:
    """A table, the column that says in which month a row stands, and where that comes from when
    the table does not have it yet.
    """

    name: str
    by: str
    source: str = ""


CHECK_INS: Final = Parted("check_ins", "received_at")
BESIDE: Final = (
    Parted(
        "check_in_contents",
        "received_at",
        "check_ins c WHERE (c.clinic_id, c.patient_id, c.id)"
        " = (whole.clinic_id, whole.patient_id, whole.check_in_id)",
    ),
    Parted("decisions", "decided_at"),
)


def part(connection: psycopg.Connection[Any], tables: Sequence[Parted], months: int) -> None:
    """Put these tables into so many months up to this one, some more ahead, one partition for what
    is older and one for what fits nowhere. The superuser's connection commits by itself.
    """
    for table in tables:
        after = [
            line
            for query in (RIGHTS, POLICIES, REFERENCES, INDEXES)
            for (line,) in connection.execute(query, [table.name]).fetchall()
        ]
        _moved(connection, table, _bounds(months))
        for line in after:
            _run(connection, _led_by_month(line, table.by))
        _run(connection, f"ALTER TABLE {table.name} ENABLE ROW LEVEL SECURITY")
        _run(connection, f"ALTER TABLE {table.name} FORCE ROW LEVEL SECURITY")
        _run(connection, f"VACUUM ANALYZE {table.name}")


def _moved(connection: psycopg.Connection[Any], table: Parted, bounds: Sequence[date]) -> None:
    name, of, more = table.name, "whole.*", ""
    if table.source:
        of, more = f"whole.*, c.{table.by}", f", {table.by} timestamptz NOT NULL DEFAULT now()"
    _run(connection, f"ALTER TABLE {name} RENAME TO whole")
    _run(
        connection,
        f"CREATE TABLE {name} (LIKE whole INCLUDING DEFAULTS INCLUDING CONSTRAINTS{more})"
        f" PARTITION BY RANGE ({table.by})",
    )
    spans = [("MINVALUE", f"'{bounds[0]}'")]
    spans += [(f"'{one}'", f"'{until}'") for one, until in pairwise(bounds)]
    for number, (first, until) in enumerate(spans):
        where = f"FOR VALUES FROM ({first}) TO ({until})"
        _run(connection, f"CREATE TABLE {name}_{number} PARTITION OF {name} {where}")
    _run(connection, f"CREATE TABLE {name}_default PARTITION OF {name} DEFAULT")
    beside = f", {table.source}" if table.source else ""
    _run(connection, f"INSERT INTO {name} SELECT {of} FROM whole{beside}")  # noqa: S608 - ours
    _run(connection, "DROP TABLE whole")


def _bounds(months: int) -> list[date]:
    """The first days of so many months up to this one, and of those ahead."""
    now = utcnow()
    this = now.year * 12 + now.month - 1
    counted = range(this - months + 1, this + AHEAD + 2)
    return [date(each // 12, each % 12 + 1, 1) for each in counted]


def _led_by_month(line: str, by: str) -> str:
    """What is unique in partitions is unique with the column that they go by."""
    if not line.startswith("CREATE UNIQUE INDEX"):
        return line
    return line.replace(")", f", {by})", 1)


def _run(connection: psycopg.Connection[Any], statement: str) -> None:
    connection.execute(sql.SQL(statement))
