"""The watcher's round through the past, a month a run: how far it has come, and what it found.

Why: a run that looked at years of answers at once was ended before it was done, and begun again.

Safe beside the previous version, which looks at everything at once.

Revision ID: 0056
Revises: 0055
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0056"
down_revision = "0055"
branch_labels = None
depends_on = None

COLUMNS = {"past_until": "timestamptz", "past": "jsonb NOT NULL DEFAULT '[]'::jsonb"}


def upgrade() -> None:
    """Add them."""
    add_columns("watch_runs", COLUMNS)


def downgrade() -> None:
    """Drop them."""
    drop_columns("watch_runs", COLUMNS)
