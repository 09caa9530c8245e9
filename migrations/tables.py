"""What a migration needs to make tables whose rows are protected and whose readers are named.

Frozen: released migrations are made of what these functions send to PostgreSQL, and a change here
would silently change them. So this module imports nothing of ours, its statements are pinned word
for word in `tests/migrations/test_tables.py`, and it only grows: what a later migration needs
beyond it is a new function with a pin of its own, or plain `op` in that migration. Until the first
release, tables and columns are changed where they are declared; after it, in a new migration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from alembic import op

# PostgreSQL cuts a longer name off, and two could become one.
NAME_MAX = 63
# The clinic that a transaction works for. Where none is set no row is seen or written.
CLINIC = "NULLIF(current_setting('interlude.clinic_id', true), '')::uuid"

# What `entered_clinic` sends. Its cost is that of a statement, not of a row: policies ask it in a
# sub-query, once. Not SQL: from PostgreSQL 15 to 17 that would be planned anew in each statement.
ENTERED_CLINIC = (
    "CREATE SCHEMA door",
    "CREATE TABLE door.keys (key_id text PRIMARY KEY, inner_pad bytea NOT NULL,"
    " outer_pad bytea NOT NULL)",
    "GRANT USAGE ON SCHEMA door TO interlude_door",
    "GRANT SELECT ON door.keys TO interlude_door",
    """CREATE FUNCTION public.entered_clinic() RETURNS uuid
    LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  clinic text := current_setting('interlude.clinic_id', true);
BEGIN
  IF clinic IS NULL OR clinic = '' THEN RETURN NULL; END IF;
  PERFORM FROM door.keys k
    WHERE encode(sha256(k.outer_pad || sha256(k.inner_pad || convert_to(
      clinic || ' ' || pg_backend_pid() || ' ' || extract(epoch FROM pg_postmaster_start_time()),
      'UTF8'))), 'hex') = current_setting('interlude.proof', true);
  IF FOUND THEN RETURN clinic::uuid; END IF;
  RETURN NULL;
END $$""",
    "REVOKE ALL ON FUNCTION public.entered_clinic() FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION public.entered_clinic() TO interlude_app",
    "GRANT CREATE ON SCHEMA public TO interlude_door",
    "ALTER FUNCTION public.entered_clinic() OWNER TO interlude_door",
    "REVOKE CREATE ON SCHEMA public FROM interlude_door",
)
OWN_CLINIC_POLICIES = """DO $$ DECLARE one record; own text; BEGIN
  FOR one IN SELECT tablename FROM pg_policies
    WHERE schemaname = 'public' AND policyname = 'own_clinic' ORDER BY tablename
  LOOP
    own := CASE one.tablename WHEN 'clinics' THEN 'id' ELSE 'clinic_id' END || ' = {clinic}';
    EXECUTE format('ALTER POLICY own_clinic ON public.%I USING (%s) WITH CHECK (%s)',
      one.tablename, own, own);
  END LOOP;
END $$"""

Rows = Literal["of_one_clinic", "clinics", "write_only", "unprotected"]
# The column that a policy of the API compares with the clinic.
OWN_CLINIC_POLICY: Mapping[str, str] = {"of_one_clinic": "clinic_id", "clinics": "id"}


@dataclass(frozen=True)
class Table:
    """A table: who may do what with it, its columns and its constraints, in PostgreSQL's words.

    The auditor reads every table.

    Attributes:
        name: in the plural.
        app: what the API may do, as privileges (`SELECT, UPDATE (name)`).
        worker: what the alert worker may do, with the rows of all clinics; empty is nothing.
        door: what the functions of the door may read, of all clinics; empty is nothing.
        rows: which rows the API sees and writes. `of_one_clinic`: those of the transaction's
            clinic. The table then begins with `clinic_id`, which also leads its key and its
            references, so that a row can only point inside its own clinic. `clinics`: the table
            of clinics itself. `write_only`: any row may be added, none is seen.
            `unprotected`: no row-level security at all.
        columns: type, NOT NULL and default by name.
        key: the primary key (after `clinic_id`).
        unique: columns whose value is unique in the whole database.
        refers: the table that a column points into, by column.
        checks: conditions by name, without `ck_<table>_`.
        indexes: columns (and WHERE, INCLUDE) by full name; `uq_…` is a unique one.
    """

    name: str
    app: str
    columns: Mapping[str, str]
    worker: str = ""
    door: str = ""
    rows: Rows = "of_one_clinic"
    key: str = "id"
    unique: tuple[str, ...] = ()
    refers: Mapping[str, str] = field(default_factory=dict)
    checks: Mapping[str, str] = field(default_factory=dict)
    indexes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class DoorFunction:
    """A question about all clinics, answered to roles that may not see their rows.

    Attributes:
        signature: `door_name(argument type)`.
        callers: the roles that may ask.
        returns: the columns of the answer.
        query: SQL in which every table is named with its schema.
    """

    signature: str
    callers: str
    returns: str
    query: str


def create_tables(tables: tuple[Table, ...]) -> None:
    """Make tables in this order, each protected before the next."""
    for table in tables:
        for statement in table_statements(table):
            op.execute(statement)


def drop_tables(tables: tuple[Table, ...]) -> None:
    """Drop tables in the opposite order, with their indexes, policies and grants."""
    for table in reversed(tables):
        op.execute(f"DROP TABLE {table.name}")


def add_columns(table: str, columns: Mapping[str, str]) -> None:
    """Add columns, by name, to a table of an earlier migration."""
    added = ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in columns.items())
    op.execute(f"ALTER TABLE {table} {added}")


def drop_columns(table: str, columns: Mapping[str, str]) -> None:
    """Take back what `add_columns` added."""
    op.execute(f"ALTER TABLE {table} {', '.join(f'DROP COLUMN {name}' for name in columns)}")


def create_door_functions(functions: tuple[DoorFunction, ...]) -> None:
    """Make functions that run as the door, which may create only meanwhile."""
    op.execute("GRANT CREATE ON SCHEMA public TO interlude_door")
    for function in functions:
        for statement in door_function_statements(function):
            op.execute(statement)
    op.execute("REVOKE CREATE ON SCHEMA public FROM interlude_door")


def drop_door_functions(functions: tuple[DoorFunction, ...]) -> None:
    """Drop functions of the door."""
    for function in functions:
        op.execute(f"DROP FUNCTION {function.signature}")


def entered_clinic() -> None:
    """Make the keys of the door, which the door alone reads, and the question which clinic this
    transaction has proved to enter: by HMAC-SHA256 (the padded keys are kept) of the clinic and of
    the session, under any of the keys.
    """
    for statement in ENTERED_CLINIC:
        op.execute(statement)


def drop_entered_clinic() -> None:
    """Drop both; no policy may ask any more."""
    op.execute("DROP FUNCTION public.entered_clinic()")
    op.execute("DROP SCHEMA door CASCADE")


def own_clinic_policies(*, proved: bool = True) -> None:
    """Let every policy of the application show the clinic that was entered by proof, also those of
    tables made since this was last called.

    `proved`: else the one that a setting names.
    """
    clinic = "(SELECT public.entered_clinic())" if proved else CLINIC
    op.execute(OWN_CLINIC_POLICIES.format(clinic=clinic.replace("'", "''")))


def owner_may_rotate(tables: tuple[str, ...]) -> None:
    """Let the owner see and write anew the encrypted values of the clinic that it entered by
    proof.
    """
    for name in tables:
        own = "(clinic_id = (SELECT public.entered_clinic()))"
        op.execute(
            f"CREATE POLICY rotation ON {name} TO interlude_owner USING {own} WITH CHECK {own}"
        )


def owner_may_not_rotate(tables: tuple[str, ...]) -> None:
    """Take that back."""
    for name in tables:
        op.execute(f"DROP POLICY rotation ON {name}")


def table_statements(table: Table) -> list[str]:
    """What makes a table: the table, its indexes, the grants, and row-level security, forced."""
    inside = ", ".join(_columns_and_constraints(table))
    return [
        f"CREATE TABLE {table.name} ({inside})",
        *_index_statements(table),
        *_grant_statements(table),
        *_row_security_statements(table),
    ]


def door_function_statements(function: DoorFunction) -> list[str]:
    """What makes a function of the door.

    Its rights are set before it is the door's: whoever may act as the door without inheriting from
    it could not take them away any more, and PostgreSQL would only warn.
    """
    signature = function.signature
    return [
        f"CREATE FUNCTION {signature} RETURNS TABLE ({function.returns})"
        " LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog"
        f" AS $$ {function.query} $$",
        f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION {signature} TO {function.callers}",
        f"ALTER FUNCTION {signature} OWNER TO interlude_door",
    ]


def _columns_and_constraints(table: Table) -> list[str]:
    name, led = table.name, table.rows == "of_one_clinic"
    key = ", ".join(filter(None, ("clinic_id" if led else "", table.key)))
    return [
        *(["clinic_id uuid NOT NULL"] if led else []),
        *(f"{column} {kind}" for column, kind in table.columns.items()),
        f"CONSTRAINT pk_{name} PRIMARY KEY ({key})",
        *(f"CONSTRAINT uq_{name}_{column} UNIQUE ({column})" for column in table.unique),
        *(f"CONSTRAINT ck_{name}_{check} CHECK ({test})" for check, test in table.checks.items()),
        *(_reference(name, column, target) for column, target in table.refers.items()),
    ]


def _reference(table: str, column: str, target: str) -> str:
    if target == "clinics":
        constraint = f"fk_{table}_{column}_clinics"
        return f"CONSTRAINT {constraint} FOREIGN KEY ({column}) REFERENCES clinics (id)"
    constraint = shortened(f"fk_{table}_clinic_id_{column}_{target}")
    return (
        f"CONSTRAINT {constraint} FOREIGN KEY (clinic_id, {column})"
        f" REFERENCES {target} (clinic_id, id)"
    )


def shortened(name: str) -> str:
    """A name that fits, shortened as SQLAlchemy shortens the names of the models' constraints."""
    if len(name) <= NAME_MAX:
        return name
    digest = hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()
    return f"{name[: NAME_MAX - 8]}_{digest[-4:]}"


def _index_statements(table: Table) -> list[str]:
    return [
        f"CREATE {'UNIQUE ' if name.startswith('uq_') else ''}INDEX {name} ON {table.name} {what}"
        for name, what in table.indexes.items()
    ]


def _grant_statements(table: Table) -> list[str]:
    granted = {"app": table.app, "auditor": "SELECT", "worker": table.worker, "door": table.door}
    return [
        f"GRANT {rights} ON {table.name} TO interlude_{role}"
        for role, rights in granted.items()
        if rights
    ]


def _row_security_statements(table: Table) -> list[str]:
    if table.rows == "unprotected":
        return []
    name = table.name
    statements = [
        f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY",
        f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY",
        _app_policy(table),
        f"CREATE POLICY audit ON {name} FOR SELECT TO interlude_auditor USING (true)",
    ]
    if table.worker:
        statements.append(f"CREATE POLICY all_clinics ON {name} TO interlude_worker USING (true)")
    if table.door:
        statements.append(f"CREATE POLICY door ON {name} FOR SELECT TO interlude_door USING (true)")
    return statements


def _app_policy(table: Table) -> str:
    if table.rows == "write_only":
        return f"CREATE POLICY put_in ON {table.name} FOR INSERT TO interlude_app WITH CHECK (true)"
    column = "id" if table.rows == "clinics" else "clinic_id"
    own = f"({column} = {CLINIC})"
    return f"CREATE POLICY own_clinic ON {table.name} TO interlude_app USING {own} WITH CHECK {own}"
