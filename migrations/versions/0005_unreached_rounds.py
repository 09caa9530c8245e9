"""How many rounds of an alert in a row no channel accepted a page of.

Why: such a round starts again after a growing wait from 30 s on, not after 10 minutes.

Safe beside the previous version, which leaves it at 0.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COLUMNS = {"unreached_rounds": "smallint NOT NULL DEFAULT '0'"}


def upgrade() -> None:
    """Apply."""
    add_columns("alerts", COLUMNS)


def downgrade() -> None:
    """Take back."""
    drop_columns("alerts", COLUMNS)
