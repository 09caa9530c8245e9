"""What a declared table becomes, word for word: released migrations are made of these statements.

A test that fails here means that a released migration would do something else than it did. Leave
`migrations/tables.py` as it was and add a function, with a test of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from io import StringIO

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from migrations.erasure import Part, drop_eraser, erase_with, erase_without, make_eraser
from migrations.tables import (
    DoorFunction,
    Table,
    add_columns,
    create_door_functions,
    create_tables,
    door_function_statements,
    drop_columns,
    drop_door_functions,
    drop_entered_clinic,
    drop_tables,
    entered_clinic,
    own_clinic_policies,
    table_statements,
)

CLINIC = "NULLIF(current_setting('interlude.clinic_id', true), '')::uuid"

ROOMS = Table("rooms", app="SELECT", columns={"id": "uuid NOT NULL"})
BEDS = Table("beds", app="SELECT", columns={"id": "uuid NOT NULL"})
BEDS_PART = Part("beds", "t.patient_id = $2", 10)
NAMES_PART = Part("names", "t.name = 'x'", 20, emptied="name = ''")
ERASERS = "(clinic_id = (SELECT public.entered_clinic()))"
FUNCTION = DoorFunction("door_x(y text)", "interlude_app", "z uuid", "SELECT 1")


def sent(make: Callable[[], None]) -> list[str]:
    """The statements that reach PostgreSQL, in their order."""
    written = StringIO()
    options = {"as_sql": True, "output_buffer": written}
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts=options)):
        make()
    return written.getvalue().removesuffix(";\n\n").split(";\n\n")


def test_a_table_of_one_clinic_with_everything():
    table = Table(
        "visits",
        app="SELECT, UPDATE (ended_at)",
        worker="SELECT (clinic_id, id)",
        door="SELECT (clinic_id)",
        columns={"id": "uuid NOT NULL", "room": "text", "by": "uuid", "ended_at": "timestamptz"},
        key="id, room",
        unique=("room",),
        checks={"room": "room IN ('a', 'b')"},
        refers={"by": "users", "clinic_id": "clinics"},
        indexes={
            "ix_visits_open": "(id) WHERE ended_at IS NULL",
            "uq_visits_room": "(clinic_id, room)",
        },
    )
    assert table_statements(table) == [
        "CREATE TABLE visits (clinic_id uuid NOT NULL, id uuid NOT NULL, room text, by uuid,"
        " ended_at timestamptz, CONSTRAINT pk_visits PRIMARY KEY (clinic_id, id, room),"
        " CONSTRAINT uq_visits_room UNIQUE (room),"
        " CONSTRAINT ck_visits_room CHECK (room IN ('a', 'b')),"
        " CONSTRAINT fk_visits_clinic_id_by_users FOREIGN KEY (clinic_id, by)"
        " REFERENCES users (clinic_id, id),"
        " CONSTRAINT fk_visits_clinic_id_clinics FOREIGN KEY (clinic_id) REFERENCES clinics (id))",
        "CREATE INDEX ix_visits_open ON visits (id) WHERE ended_at IS NULL",
        "CREATE UNIQUE INDEX uq_visits_room ON visits (clinic_id, room)",
        "GRANT SELECT, UPDATE (ended_at) ON visits TO interlude_app",
        "GRANT SELECT ON visits TO interlude_auditor",
        "GRANT SELECT (clinic_id, id) ON visits TO interlude_worker",
        "GRANT SELECT (clinic_id) ON visits TO interlude_door",
        "ALTER TABLE visits ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE visits FORCE ROW LEVEL SECURITY",
        "CREATE POLICY own_clinic ON visits TO interlude_app"
        f" USING (clinic_id = {CLINIC}) WITH CHECK (clinic_id = {CLINIC})",
        "CREATE POLICY audit ON visits FOR SELECT TO interlude_auditor USING (true)",
        "CREATE POLICY all_clinics ON visits TO interlude_worker USING (true)",
        "CREATE POLICY door ON visits FOR SELECT TO interlude_door USING (true)",
    ]


def test_a_table_that_declares_little_is_seen_by_its_clinic_and_the_auditor_alone():
    assert table_statements(ROOMS) == [
        "CREATE TABLE rooms (clinic_id uuid NOT NULL, id uuid NOT NULL,"
        " CONSTRAINT pk_rooms PRIMARY KEY (clinic_id, id))",
        "GRANT SELECT ON rooms TO interlude_app",
        "GRANT SELECT ON rooms TO interlude_auditor",
        "ALTER TABLE rooms ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE rooms FORCE ROW LEVEL SECURITY",
        "CREATE POLICY own_clinic ON rooms TO interlude_app"
        f" USING (clinic_id = {CLINIC}) WITH CHECK (clinic_id = {CLINIC})",
        "CREATE POLICY audit ON rooms FOR SELECT TO interlude_auditor USING (true)",
    ]


def test_the_table_of_clinics_shows_each_clinic_itself():
    clinics = Table("clinics", app="SELECT", rows="clinics", columns={"id": "uuid NOT NULL"})
    statements = table_statements(clinics)
    assert statements[0] == (
        "CREATE TABLE clinics (id uuid NOT NULL, CONSTRAINT pk_clinics PRIMARY KEY (id))"
    )
    assert (
        "CREATE POLICY own_clinic ON clinics TO interlude_app"
        f" USING (id = {CLINIC}) WITH CHECK (id = {CLINIC})"
    ) in statements


def test_a_table_that_is_only_written_shows_the_api_no_row():
    asked = Table("asked", app="INSERT", rows="write_only", columns={"id": "uuid NOT NULL"})
    assert table_statements(asked) == [
        "CREATE TABLE asked (id uuid NOT NULL, CONSTRAINT pk_asked PRIMARY KEY (id))",
        "GRANT INSERT ON asked TO interlude_app",
        "GRANT SELECT ON asked TO interlude_auditor",
        "ALTER TABLE asked ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE asked FORCE ROW LEVEL SECURITY",
        "CREATE POLICY put_in ON asked FOR INSERT TO interlude_app WITH CHECK (true)",
        "CREATE POLICY audit ON asked FOR SELECT TO interlude_auditor USING (true)",
    ]


def test_an_unprotected_table_has_grants_and_no_row_level_security():
    delays = Table("delays", app="SELECT", rows="unprotected", columns={"id": "uuid NOT NULL"})
    assert table_statements(delays) == [
        "CREATE TABLE delays (id uuid NOT NULL, CONSTRAINT pk_delays PRIMARY KEY (id))",
        "GRANT SELECT ON delays TO interlude_app",
        "GRANT SELECT ON delays TO interlude_auditor",
    ]


def test_a_name_that_postgresql_would_cut_off_is_shortened_as_the_models_do():
    attempts = Table(
        "notification_attempts",
        app="SELECT",
        columns={"id": "uuid NOT NULL", "notification_id": "uuid NOT NULL"},
        refers={"notification_id": "notifications"},
    )
    name = "fk_notification_attempts_clinic_id_notification_id_noti_888e"
    assert f"CONSTRAINT {name} FOREIGN KEY" in table_statements(attempts)[0]


def test_a_function_of_the_door_is_closed_to_everybody_else_before_it_changes_hands():
    assert door_function_statements(FUNCTION) == [
        "CREATE FUNCTION door_x(y text) RETURNS TABLE (z uuid) LANGUAGE sql STABLE SECURITY DEFINER"
        " SET search_path = pg_catalog AS $$ SELECT 1 $$",
        "REVOKE ALL ON FUNCTION door_x(y text) FROM PUBLIC",
        "GRANT EXECUTE ON FUNCTION door_x(y text) TO interlude_app",
        "ALTER FUNCTION door_x(y text) OWNER TO interlude_door",
    ]


def test_tables_are_made_one_after_the_other_and_dropped_backwards():
    both = [*table_statements(ROOMS), *table_statements(BEDS)]
    assert sent(lambda: create_tables((ROOMS, BEDS))) == both
    assert sent(lambda: drop_tables((ROOMS, BEDS))) == ["DROP TABLE beds", "DROP TABLE rooms"]


def test_columns_are_added_and_dropped_in_one_statement():
    columns = {"floor": "integer", "flags": "jsonb NOT NULL DEFAULT '{}'::jsonb"}
    assert sent(lambda: add_columns("rooms", columns)) == [
        "ALTER TABLE rooms ADD COLUMN floor integer,"
        " ADD COLUMN flags jsonb NOT NULL DEFAULT '{}'::jsonb"
    ]
    assert sent(lambda: drop_columns("rooms", columns)) == [
        "ALTER TABLE rooms DROP COLUMN floor, DROP COLUMN flags"
    ]


def test_the_door_may_create_only_while_its_functions_are_made():
    assert sent(lambda: create_door_functions((FUNCTION,))) == [
        "GRANT CREATE ON SCHEMA public TO interlude_door",
        *door_function_statements(FUNCTION),
        "REVOKE CREATE ON SCHEMA public FROM interlude_door",
    ]
    assert sent(lambda: drop_door_functions((FUNCTION,))) == ["DROP FUNCTION door_x(y text)"]


def test_the_door_that_asks_for_a_proof_is_closed_before_it_changes_hands():
    statements = sent(entered_clinic)
    assert [statement.partition("(")[0].partition("\n")[0] for statement in statements] == [
        "CREATE SCHEMA door",
        "CREATE TABLE door.keys ",
        "GRANT USAGE ON SCHEMA door TO interlude_door",
        "GRANT SELECT ON door.keys TO interlude_door",
        "CREATE FUNCTION public.entered_clinic",
        "REVOKE ALL ON FUNCTION public.entered_clinic",
        "GRANT EXECUTE ON FUNCTION public.entered_clinic",
        "GRANT CREATE ON SCHEMA public TO interlude_door",
        "ALTER FUNCTION public.entered_clinic",
        "REVOKE CREATE ON SCHEMA public FROM interlude_door",
    ]
    digest = hashlib.sha256("\n".join(statements).encode()).hexdigest()
    assert digest == "60d54a46fbd6d5ce3c63a48f7548a3abaf52e269640a16747f7e96235a5e9fd3"
    assert sent(drop_entered_clinic) == [
        "DROP FUNCTION public.entered_clinic()",
        "DROP SCHEMA door CASCADE",
    ]


def test_policies_ask_the_door_once_a_statement_or_read_a_setting_again():
    (proved,), (free,) = sent(own_clinic_policies), sent(lambda: own_clinic_policies(proved=False))
    assert "' = (SELECT public.entered_clinic())';" in proved
    assert f"""' = {CLINIC.replace("'", "''")}';""" in free
    assert (
        hashlib.sha256(proved.encode()).hexdigest()
        == "2f1bf1e35343f89be8a353d8131d29445116c0ef6dde0372493b5a9d14b6a078"
    )


def test_a_table_whose_rows_go():
    assert sent(lambda: erase_with((BEDS_PART,))) == [
        "GRANT SELECT, DELETE ON beds TO interlude_eraser",
        f"CREATE POLICY erasure ON beds TO interlude_eraser USING {ERASERS} WITH CHECK {ERASERS}",
        "INSERT INTO erasure.parts VALUES ('beds', 10,"
        " 'DELETE FROM public.beds t WHERE t.clinic_id = $1 AND (t.patient_id = $2)')",
    ]
    assert sent(lambda: erase_without((BEDS_PART,))) == [
        "DELETE FROM erasure.parts WHERE name = 'beds'",
        "DROP POLICY erasure ON beds",
        "REVOKE SELECT, DELETE ON beds FROM interlude_eraser",
    ]


def test_a_table_whose_rows_are_emptied():
    assert sent(lambda: erase_with((NAMES_PART,)))[0::2] == [
        "GRANT SELECT, UPDATE ON names TO interlude_eraser",
        "INSERT INTO erasure.parts VALUES ('names', 20, 'UPDATE public.names t SET name = ''''"
        " WHERE t.clinic_id = $1 AND (t.name = ''x'')')",
    ]


def test_the_function_is_closed_to_everybody_else_before_it_changes_hands():
    statements = sent(lambda: make_eraser(("beds",)))
    assert [statement.partition("(")[0].partition("\n")[0] for statement in statements] == [
        "CREATE SCHEMA erasure",
        "CREATE TABLE erasure.parts ",
        "GRANT USAGE ON SCHEMA erasure TO interlude_app, interlude_eraser",
        "GRANT SELECT ON erasure.parts TO interlude_app, interlude_eraser",
        "SET LOCAL ROLE interlude_door",
        "GRANT EXECUTE ON FUNCTION public.entered_clinic",
        "RESET ROLE",
        "CREATE FUNCTION erasure.erase",
        "REVOKE ALL ON FUNCTION erasure.erase",
        "GRANT EXECUTE ON FUNCTION erasure.erase",
        "GRANT CREATE ON SCHEMA erasure TO interlude_eraser",
        "ALTER FUNCTION erasure.erase",
        "REVOKE CREATE ON SCHEMA erasure FROM interlude_eraser",
        "GRANT SELECT ON beds TO interlude_eraser",
        "CREATE POLICY erasure ON beds TO interlude_eraser USING ",
    ]
    assert hashlib.sha256("\n".join(statements).encode()).hexdigest() == (
        "7edca584261ec05463b28af67b6dc2cac92958426829e6d6225e73dae39e539b"
    )
    assert sent(lambda: drop_eraser(("beds",)))[-1] == "DROP SCHEMA erasure CASCADE"
