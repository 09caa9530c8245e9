"""What a provider says later of what it took.

Why: "accepted by the provider" is not "delivered". The API puts a provider's callback down and can
read none; the worker takes it away, and asks the provider where none came.

Safe beside the previous version, which does not know of them.

Revision ID: 0020
Revises: 0019
"""

from __future__ import annotations

from alembic import op

from migrations.tables import Table, add_columns, create_tables, drop_columns, drop_tables

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "provider_reports",
        app="INSERT",
        worker="SELECT, UPDATE, DELETE",
        columns={
            "id": "uuid NOT NULL",
            "notification_id": "uuid NOT NULL",
            "provider_id": "text",
            "delivered": "boolean NOT NULL",
            "permanent": "boolean NOT NULL",
            "reason": "text NOT NULL",
            "received_at": "timestamptz NOT NULL",
        },
    ),
)
ADDED = {"provider_id": "text"}


def upgrade() -> None:
    """Apply."""
    create_tables(TABLES)
    add_columns("notifications", ADDED)
    op.execute(
        "CREATE INDEX ix_notifications_asked ON notifications (due_at)"
        " WHERE provider_id IS NOT NULL AND state = 'sent'"
    )


def downgrade() -> None:
    """Take back."""
    drop_columns("notifications", ADDED)
    drop_tables(TABLES)
