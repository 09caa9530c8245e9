"""An index from a person to what was sent to their account, the newest last.

Why: who hands an alert over is told whether the colleague's address refuses, in a table that grows.

Safe beside the previous version, which does not know it.

Revision ID: 0028
Revises: 0027
"""

from __future__ import annotations

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

INDEX = "ix_notifications_to_account"


def upgrade() -> None:
    """Make the index."""
    op.create_index(
        INDEX,
        "notifications",
        ["clinic_id", "user_id", "created_at"],
        postgresql_where="user_id IS NOT NULL AND method_id IS NULL",
    )


def downgrade() -> None:
    """Drop it."""
    op.drop_index(INDEX, "notifications")
