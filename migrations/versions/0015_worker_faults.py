"""A worker says with its heartbeat what does not work: no mail server, no public URL, its clock.

Why: such a fault stops no start, and nobody heard of it before the first critical page.

Safe beside the previous version, which leaves it empty.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

COLUMNS = {"faults": "text[] NOT NULL DEFAULT '{}'::text[]"}


def upgrade() -> None:
    """Apply."""
    add_columns("worker_heartbeats", COLUMNS)


def downgrade() -> None:
    """Take back."""
    drop_columns("worker_heartbeats", COLUMNS)
