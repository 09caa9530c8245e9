"""The ends of a patient's searched name and number, one row each, so that a search reads an index.

Why: behind the row policies PostgreSQL uses an index only for comparisons that can tell nothing
about hidden rows. LIKE is none of them, so a search read every patient; ranges of text are.

Safe beside the previous version: PostgreSQL fills the table, for its writes too.

Revision ID: 0033
Revises: 0032
"""

from __future__ import annotations

from alembic import op

from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "patient_search_parts",
        app="SELECT, INSERT, DELETE",
        columns={
            # Bytes are compared: what begins with a text is one range of the key.
            "part": 'text COLLATE "C" NOT NULL',
            "patient_id": "uuid NOT NULL",
        },
        key="part, patient_id",
        refers={"patient_id": "patients"},
    ),
)
# No search begins with a blank. A key without any letter is found by nothing typed but the like.
PARTS = """
INSERT INTO public.patient_search_parts (clinic_id, part, patient_id)
SELECT DISTINCT {row}.clinic_id, substr(searched.key, place, 64), {row}.id
FROM {source}unnest(ARRAY[{row}.search_key, public.search_key({row}.mrn)]) AS searched (key),
  generate_series(1, greatest(length(searched.key), 1)) AS place
WHERE substr(searched.key, place, 1) <> ' '
"""
FUNCTION = f"""
CREATE FUNCTION keep_search_parts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_OP = 'UPDATE' THEN
    DELETE FROM public.patient_search_parts
    WHERE clinic_id = OLD.clinic_id AND patient_id = OLD.id;
  END IF;
  {PARTS.format(row="NEW", source="")};
  RETURN NULL;
END $$
"""  # noqa: S608 - ours
TRIGGER = """
CREATE TRIGGER keep_search_parts AFTER INSERT OR UPDATE OF name, mrn ON patients
FOR EACH ROW EXECUTE FUNCTION keep_search_parts()
"""
# The owner is bound by the row policies too; within this transaction nobody else sees them free.
FREE = ("patients", "patient_search_parts")


def upgrade() -> None:
    """Make the table, let PostgreSQL keep it from here on, and fill it."""
    create_tables(TABLES)
    # It knows the names of all clinics in pieces, and nobody but the search needs it.
    op.execute("REVOKE SELECT ON patient_search_parts FROM interlude_auditor")
    op.execute("DROP POLICY audit ON patient_search_parts")
    op.execute(FUNCTION)
    op.execute(TRIGGER)
    for table in FREE:
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(PARTS.format(row="patients", source="public.patients, "))
    for table in FREE:
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    own_clinic_policies()


def downgrade() -> None:
    """Drop all of it: a search reads every patient's key."""
    op.execute("DROP TRIGGER keep_search_parts ON patients")
    op.execute("DROP FUNCTION keep_search_parts()")
    drop_tables(TABLES)
