"""The order in which a person's contact methods are tried.

Why: it was that in which they were added; whoever wanted another had to remove them and start again.

Safe beside the previous version, which leaves the column empty and goes by age.

Revision ID: 0035
Revises: 0034
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

TABLE = "contact_methods"
COLUMNS = {"position": "smallint"}


def upgrade() -> None:
    """Add the column, empty."""
    add_columns(TABLE, COLUMNS)


def downgrade() -> None:
    """Drop it."""
    drop_columns(TABLE, COLUMNS)
