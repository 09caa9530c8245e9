"""When a phone sent a call for help by its own clock, and at which offset it was written down.

Why: of check-ins and side effects it is known; a call for help that waited in a phone without a
network is the one whose age matters most.

Safe beside the previous version, which leaves both out.

Revision ID: 0040
Revises: 0039
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

TABLE = "help_requests"
COLUMNS = {"sent_at": "timestamptz", "utc_offset_s": "integer"}


def upgrade() -> None:
    """Add the columns: of earlier ones nobody knows."""
    add_columns(TABLE, COLUMNS)


def downgrade() -> None:
    """Drop them."""
    drop_columns(TABLE, COLUMNS)
