"""Who is with the patient in a session: they are paged before the clinic's chain, or with it.

Why: a pressure of 141/90 before dosing paged the on-call chain though staff were in the room.

What is there already gets whoever entered it. Safe beside the previous version, which leaves the
column empty: that stands for the same person.

Revision ID: 0017
Revises: 0016
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

TABLE = "treatment_session_versions"
COLUMNS = {"staff_ids": "uuid[]"}
FILL = """
UPDATE treatment_session_versions AS version SET staff_ids = ARRAY[first.entered_by]
FROM treatment_session_versions AS first
WHERE first.clinic_id = version.clinic_id AND first.patient_id = version.patient_id
AND first.session_id = version.session_id AND first.version = 1
"""


def upgrade() -> None:
    """Add the column and fill it."""
    add_columns(TABLE, COLUMNS)
    # The owner is bound by the row policies too; within this transaction nobody else sees it free.
    op.execute(f"ALTER TABLE {TABLE} NO FORCE ROW LEVEL SECURITY")
    op.execute(FILL)
    op.execute(f"ALTER TABLE {TABLE} FORCE ROW LEVEL SECURITY")


def downgrade() -> None:
    """Drop the column: every alert pages the chain alone."""
    drop_columns(TABLE, COLUMNS)
