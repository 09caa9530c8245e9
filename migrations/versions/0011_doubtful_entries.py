"""What came with a token in doubt, and what of a refused body counts as risk.

Why: a report of side effects is taken with an expired token, and joins the trend when its family
has refreshed, as a check-in does; a refused body may tell of a bodily emergency only.

Safe beside the previous version, for which every row counts.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

REPORTS = {
    "counts_in_trend": "boolean NOT NULL DEFAULT true",
    "counts_from_revision": "integer",
}
BODIES = {"counts_as_risk": "boolean NOT NULL DEFAULT true"}


def upgrade() -> None:
    """Apply."""
    add_columns("side_effect_reports", REPORTS)
    add_columns("unreadable_bodies", BODIES)


def downgrade() -> None:
    """Take back."""
    drop_columns("unreadable_bodies", BODIES)
    drop_columns("side_effect_reports", REPORTS)
