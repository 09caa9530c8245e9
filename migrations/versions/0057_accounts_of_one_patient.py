"""An account is of one patient of its clinic: unique with the clinic, not in the whole database.

Why: it was the one key of clinic data that did not name the clinic, so that tables distributed by
clinic could not have kept it. An account is found through its clinic and has an id of ours, so the
promise is the same.

Safe beside the previous version: none ever named the former key in ON CONFLICT, and what looks a
patient up by account alone sees one clinic, which the row policies name: the new index serves it.

Revision ID: 0057
Revises: 0056
"""

from __future__ import annotations

from alembic import op

from migrations.in_use import add_index, drop_index

revision = "0057"
down_revision = "0056"
branch_labels = None
depends_on = None
contracts = {"unique index uq_patients_user_id on patients": "0055"}

FORMER = "uq_patients_user_id"
NOW = "uq_patients_clinic_id_user_id"


def upgrade() -> None:
    """Make the new one beside writes; there is always one of the two."""
    add_index("patients", NOW, "(clinic_id, user_id)")
    op.execute(f"ALTER TABLE patients DROP CONSTRAINT IF EXISTS {FORMER}")


def downgrade() -> None:
    """Make the former one beside writes, and a constraint as it was."""
    add_index("patients", FORMER, "(user_id)")
    drop_index(NOW)
    op.execute(f"ALTER TABLE patients ADD CONSTRAINT {FORMER} UNIQUE USING INDEX {FORMER}")
