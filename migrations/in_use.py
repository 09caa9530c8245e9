"""What a migration needs to change tables that check-ins write to meanwhile.

Written with these, a migration holds up nobody: it asks for a table shortly, and what takes long
happens beside the work of others. Each is a row of small steps, transactions of their own, which
find out what is done: a migration that was broken off is begun again and goes on. What cannot be
done twice, as `create_tables`, is another migration.

Frozen as `migrations.tables` is: pinned in `tests/migrations/test_in_use.py`, and it only grows.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from alembic import op

from migrations.tables import OWN_CLINIC_POLICY, Table, create_tables, shortened

# Pages of a table that are filled at a time: a thousand rows or some, in some milliseconds.
PAGES = 32
PASSES = 10
UNFINISHED = "SELECT true FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid"
PAGE_COUNT = (
    "SELECT pg_relation_size(CAST(:table AS regclass)) / current_setting('block_size')::integer"
)


def add_tables(tables: tuple[Table, ...]) -> None:
    """Make tables of which each clinic sees its own rows, by proof, and touch no other table's
    policies. In one transaction, as `create_tables`.
    """
    create_tables(tables)
    for table in tables:
        if table.rows in OWN_CLINIC_POLICY:
            own = f"({OWN_CLINIC_POLICY[table.rows]} = (SELECT public.entered_clinic()))"
            op.execute(f"ALTER POLICY own_clinic ON {table.name} USING {own} WITH CHECK {own}")


def add_index(table: str, name: str, what: str) -> None:
    """Index a table beside its use: `what` are columns (and WHERE, INCLUDE); `uq_…` is unique."""
    unique = "UNIQUE " if name.startswith("uq_") else ""
    with _apart():
        _drop_unfinished(name)
        op.execute(f"CREATE {unique}INDEX CONCURRENTLY IF NOT EXISTS {name} ON {table} {what}")


def drop_index(name: str) -> None:
    """Drop an index beside the table's use."""
    with _apart():
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def add_check(table: str, name: str, condition: str) -> None:
    """Add the CHECK `ck_<table>_<name>`: for what is written from now on, then for all."""
    _add_constraint(table, shortened(f"ck_{table}_{name}"), f"CHECK ({condition})")


def add_reference(table: str, column: str, target: str) -> None:
    """Let a column point into another table of the same clinic, as `Table.refers` does.

    The owner must see both tables meanwhile: PostgreSQL believes every row that it cannot see.
    """
    name = shortened(f"fk_{table}_clinic_id_{column}_{target}")
    seen = sorted({table, target})
    with _apart():
        for one in seen:
            _let_the_owner_see(one)
    points = f"FOREIGN KEY (clinic_id, {column}) REFERENCES {target} (clinic_id, id)"
    _add_constraint(table, name, points)
    with _apart():
        for one in seen:
            _see_no_more(one)


def require(table: str, column: str) -> None:
    """Let a column be NOT NULL. The release before this one must always write it: `contracts`."""
    name = shortened(f"ck_{table}_{column}_required")
    _add_constraint(table, name, f"CHECK ({column} IS NOT NULL)")
    with _apart():
        # PostgreSQL takes the CHECK's word and does not look at every row again.
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL")
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {name}")


def backfill(table: str, values: str, missing: str) -> None:
    """Fill in `values` (`SET …`) where they are `missing` (a condition that ends with it), some
    pages of the table at a time, each in its own transaction, the rows of all clinics.

    Whoever writes a row meanwhile moves it, perhaps to pages that are done: the table is gone
    through until nothing was missing, `PASSES` times at most, for the release before this one may
    go on to write rows without it (then `require` comes a release later).
    """
    with _apart():
        _let_the_owner_see(table)
        for _ in range(PASSES):
            last = op.get_bind().scalar(sa.text(PAGE_COUNT), {"table": table}) or 0
            statements = (
                backfill_statement(table, values, missing, first)
                for first in range(0, last + 1, PAGES)
            )
            if not sum(op.get_bind().exec_driver_sql(one).rowcount for one in statements):
                break
        _see_no_more(table)


def backfill_statement(table: str, values: str, missing: str, first: int) -> str:
    """What fills in the rows of `PAGES` pages from this one on."""
    pages = f"ctid >= '({first},0)'::tid AND ctid < '({first + PAGES},0)'::tid"
    return f"UPDATE {table} SET {values} WHERE {pages} AND ({missing})"  # noqa: S608 - ours


@contextmanager
def _apart() -> Iterator[None]:
    """Each statement is a transaction of its own."""
    with op.get_context().autocommit_block():
        yield


def _add_constraint(table: str, name: str, what: str) -> None:
    with _apart():
        op.execute(f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_constraint
    WHERE conrelid = 'public.{table}'::regclass AND conname = '{name}') THEN
    ALTER TABLE {table} ADD CONSTRAINT {name} {what} NOT VALID;
  END IF;
END $$""")
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {name}")


def _drop_unfinished(name: str) -> None:
    """An index whose making was broken off stays behind, is written to and never read."""
    context = op.get_context()
    if not context.as_sql and op.get_bind().scalar(sa.text(UNFINISHED), {"name": name}):
        op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")


def _see_no_more(table: str) -> None:
    op.execute(f"DROP POLICY IF EXISTS backfill ON {table}")


def _let_the_owner_see(table: str) -> None:
    """Row-level security is forced: without a policy of its own the owner changes no row."""
    op.execute(f"""DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_policies
    WHERE (schemaname, tablename, policyname) = ('public', '{table}', 'backfill')) THEN
    CREATE POLICY backfill ON {table} TO interlude_owner USING (true) WITH CHECK (true);
  END IF;
END $$""")
