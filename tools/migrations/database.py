"""What a database has that an earlier version may be using."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import psycopg

# Nobody but migrations uses it.
OURS: Final = "alembic_version"
TABLES: Final = """
SELECT c.oid, c.relname, c.relfilenode FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> %s
"""
COLUMNS: Final = """
SELECT c.relname || '.' || a.attname, a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> %s
AND a.attnum > 0 AND NOT a.attisdropped
"""
# Functions, what ON CONFLICT may name, and what each role may do: by words that a person reads.
USED: Final = """
SELECT 'function ' || p.oid::regprocedure::text || ' -> ' || pg_get_function_result(p.oid)
FROM pg_proc p WHERE p.pronamespace::regnamespace::text IN ('public', 'door', 'erasure')
AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
UNION ALL
SELECT 'unique index ' || i.indexrelid::regclass::text || ' on ' || c.relname FROM pg_index i
JOIN pg_class c ON c.oid = i.indrelid
WHERE i.indisunique AND c.relnamespace = 'public'::regnamespace AND c.relname <> %(ours)s
UNION ALL
SELECT lower(privilege_type) || ' on ' || table_name || ' by ' || grantee
FROM information_schema.table_privileges
WHERE table_schema = 'public' AND grantee LIKE 'interlude\\_%%' AND grantee <> 'interlude_owner'
AND table_name <> %(ours)s
UNION ALL
SELECT lower(privilege_type) || ' on ' || table_name || '.' || column_name || ' by ' || grantee
FROM information_schema.column_privileges
WHERE table_schema = 'public' AND grantee LIKE 'interlude\\_%%' AND grantee <> 'interlude_owner'
AND table_name <> %(ours)s
"""


@dataclass(frozen=True)
class InUse:
    """What an earlier version may be using: tables as oid -> (name, file); columns, and whether a
    row cannot be written without naming it; all else in words.
    """

    tables: dict[int, tuple[str, int]]
    columns: dict[str, bool]
    others: frozenset[str]

    @property
    def names(self) -> set[str]:
        """The tables."""
        return {name for name, _ in self.tables.values()}


def in_use(admin: psycopg.Connection[Any]) -> InUse:
    """What there is now."""
    tables = admin.execute(TABLES, (OURS,)).fetchall()
    return InUse(
        tables={oid: (name, file) for oid, name, file in tables},
        columns=dict(admin.execute(COLUMNS, (OURS,)).fetchall()),
        others=frozenset(one for (one,) in admin.execute(USED, {"ours": OURS}).fetchall()),
    )
