"""When a person first saw an entry, as a revision of its patient: for what a phone reads anew.

Why: revisions are in the order of the commits, instants are not.

What was seen already stays without one: a phone begins with all of it. Safe beside the previous
version, which leaves the column empty: what it writes reaches a phone with the entry's next change.

Revision ID: 0032
Revises: 0031
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

TABLE = "alert_occurrences"
COLUMNS = {"seen_revision": "integer"}


def upgrade() -> None:
    """Add the column, empty."""
    add_columns(TABLE, COLUMNS)


def downgrade() -> None:
    """Drop it."""
    drop_columns(TABLE, COLUMNS)
