"""The zone that a session was entered in.

Why: a patient who moves took their sessions along into other days. What is there already gets the
zone in which the patient's days were counted when it was entered.

Safe beside the previous version: it only adds, and that version leaves the column empty.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "treatment_session_versions"
COLUMNS = {"timezone": "text"}
# Former zones come oldest first, each with the last revision that was counted in it.
FILL = """
UPDATE treatment_session_versions AS version SET timezone = coalesce((
    SELECT former.zone ->> 'timezone'
    FROM jsonb_array_elements(patients.former_zones) WITH ORDINALITY AS former (zone, place)
    WHERE (former.zone ->> 'until_revision')::integer >= version.revision
    ORDER BY former.place LIMIT 1
), patients.timezone)
FROM patients
WHERE patients.id = version.patient_id AND patients.clinic_id = version.clinic_id
"""


def upgrade() -> None:
    """Add the column and fill it."""
    add_columns(TABLE, COLUMNS)
    # The owner is bound by the row policies too; within this transaction nobody else sees it free.
    for table in (TABLE, "patients"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(FILL)
    for table in (TABLE, "patients"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Drop the column: days are counted in the patient's zone again."""
    drop_columns(TABLE, COLUMNS)
