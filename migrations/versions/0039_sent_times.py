"""When a phone sent an entry by its own clock, and at which offset it was written down.

Why: a wrong clock was measured and forgotten; an instant in UTC does not tell what a clock on the
wall showed where a zone was unknown.

Safe beside the previous version, which leaves both out.

Revision ID: 0039
Revises: 0038
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("check_ins", "side_effect_reports")
COLUMNS = {"sent_at": "timestamptz", "utc_offset_s": "integer"}


def upgrade() -> None:
    """Add the columns: of earlier entries nobody knows."""
    for table in TABLES:
        add_columns(table, COLUMNS)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        drop_columns(table, COLUMNS)
