"""Remember which keys the database was written with.

Why: a process with another key pages nobody (no address opens) and lets nobody in, while all looks
well; it is to refuse to start.

Safe beside the previous version, which does not read the table.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "key_fingerprints",
        app="SELECT",
        worker="SELECT",
        rows="unprotected",
        key="purpose, key_id",
        columns={
            "purpose": "text NOT NULL",
            "key_id": "text NOT NULL",
            "fingerprint": "bytea NOT NULL",
            "registered_at": "timestamptz NOT NULL",
            "lost_at": "timestamptz",
        },
    ),
)


def upgrade() -> None:
    """Make the table, which only the owner writes."""
    create_tables(TABLES)


def downgrade() -> None:
    """Drop it: no process is refused any more."""
    drop_tables(TABLES)
