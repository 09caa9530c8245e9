"""The watcher keeps what each of its runs saw; indexes by which a run finds what is new.

Why: nobody looked whether an answer that calls for a person has an alert, and the alert a reader.
The auditor reads all and writes this table alone; the API reads how a run ended, not what it found.

Safe beside the previous version, which knows nothing of it.

Revision ID: 0027
Revises: 0026
"""

from __future__ import annotations

from alembic import op

from migrations.tables import Table, create_tables, drop_tables

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "watch_runs",
        app="SELECT (id, at, settled_at, finding_count, kinds, figures)",
        rows="unprotected",
        columns={
            "id": "uuid NOT NULL",
            "at": "timestamptz NOT NULL",
            "whole": "boolean NOT NULL",
            "all_over_below": "bigint NOT NULL",
            "none_wrote_from": "bigint NOT NULL",
            "settled_at": "timestamptz NOT NULL",
            "finding_count": "integer NOT NULL",
            "kinds": "text[] NOT NULL",
            "findings": "jsonb NOT NULL",
            "figures": "jsonb NOT NULL",
        },
        indexes={"ix_watch_runs_at": "(at)"},
    ),
)
# Small, and written in the order of time: a block range tells where what is new begins.
NEWEST = "brin ({}) WITH (autosummarize = on)"
INDEXES = {
    "ix_check_ins_received_at": ("check_ins", NEWEST.format("received_at")),
    "ix_record_ids_received_at": ("record_ids", NEWEST.format("received_at")),
    "ix_decisions_decided_at": ("decisions", NEWEST.format("decided_at")),
    "ix_alert_occurrences_received_at": ("alert_occurrences", NEWEST.format("received_at")),
    "ix_alert_events_at": ("alert_events", NEWEST.format("at")),
    "ix_help_requests_received_at": ("help_requests", "btree (received_at)"),
    "ix_unreadable_bodies_received_at": ("unreadable_bodies", "btree (received_at)"),
    "ix_alerts_resolved_at": ("alerts", "btree (resolved_at) WHERE resolved_at IS NOT NULL"),
}


def upgrade() -> None:
    """Make them."""
    create_tables(TABLES)
    op.execute("GRANT INSERT, DELETE ON watch_runs TO interlude_auditor")
    for name, (table, how) in INDEXES.items():
        op.execute(f"CREATE INDEX {name} ON {table} USING {how}")


def downgrade() -> None:
    """Take them away."""
    for name in INDEXES:
        op.execute(f"DROP INDEX {name}")
    drop_tables(TABLES)
