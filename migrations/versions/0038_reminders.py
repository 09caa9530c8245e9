"""Reminders of what is due: when the next one is planned, and those that went out.

Why: nobody was reminded. They have tables of their own, apart from pages.

Safe beside the previous version, which knows neither.

Revision ID: 0038
Revises: 0037
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "reminder_plans",
        app="SELECT, INSERT, UPDATE",
        columns={
            "user_id": "uuid NOT NULL",
            "revision": "integer NOT NULL",
            "next_at": "timestamptz NOT NULL",
        },
        key="user_id",
        refers={"user_id": "users"},
    ),
    Table(
        "reminders",
        app="SELECT, INSERT, UPDATE, DELETE",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "device_id": "uuid NOT NULL",
            "keys": "text[] NOT NULL",
            "at": "timestamptz NOT NULL",
            "until_at": "timestamptz NOT NULL",
            "state": "text NOT NULL DEFAULT 'pending'",
            "attempts": "smallint NOT NULL DEFAULT 0",
            "due_at": "timestamptz NOT NULL",
            "ended_at": "timestamptz",
            "outcome": "text",
        },
        refers={"user_id": "users"},
        checks={
            "state": "state IN ('pending', 'sent', 'failed', 'cancelled')",
            "ends": "(state = 'pending') = (ended_at IS NULL)",
        },
        indexes={
            "ix_reminders_clinic_id_user_id": "(clinic_id, user_id, at)",
            "ix_reminders_due": "(clinic_id, due_at) WHERE state = 'pending'",
        },
    ),
)


def upgrade() -> None:
    """Make the tables."""
    create_tables(TABLES)
    own_clinic_policies()


def downgrade() -> None:
    """Drop them."""
    drop_tables(TABLES)
