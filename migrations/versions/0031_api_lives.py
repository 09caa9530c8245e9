"""API processes leave signs of life: days on which nobody could answer are no silence.

Why: an outage of days paged as a silence of everybody at risk.

Safe beside the previous version, which leaves none and counts every day.

Revision ID: 0031
Revises: 0030
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "api_lives",
        app="SELECT, INSERT, UPDATE (from_at, until_at), DELETE",
        worker="SELECT",
        rows="unprotected",
        columns={
            "id": "uuid NOT NULL",
            "from_at": "timestamptz NOT NULL",
            "until_at": "timestamptz NOT NULL",
        },
        checks={"ends_after_start": "until_at >= from_at"},
    ),
)


def upgrade() -> None:
    """Make the table."""
    create_tables(TABLES)


def downgrade() -> None:
    """Drop it: every day counts."""
    drop_tables(TABLES)
