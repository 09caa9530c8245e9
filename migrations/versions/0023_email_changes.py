"""Addresses can be changed: asked for, confirmed, and undone for 7 days.

Why: whoever mistyped an address, or moves, keeps the account; whoever takes an account over cannot
keep its owner out by another address.

Revision ID: 0023
Revises: 0022
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

TABLES = (
    # Only the API: the worker reads what a letter says from the letter.
    Table(
        "email_changes",
        app="SELECT, INSERT, UPDATE",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "old_email": "bytea NOT NULL",  # encrypted
            "old_digest": "bytea NOT NULL",
            "new_email": "bytea NOT NULL",  # encrypted
            "new_digest": "bytea NOT NULL",
            "code_digest": "bytea NOT NULL",
            "credentials_digest": "bytea NOT NULL",
            "asked_at": "timestamptz NOT NULL",
            "expires_at": "timestamptz NOT NULL",
            "confirmed_at": "timestamptz",
            "ended_at": "timestamptz",
            "contact_ids": "uuid[] NOT NULL DEFAULT '{}'::uuid[]",
        },
        refers={"user_id": "users"},
        indexes={
            "ix_email_changes_clinic_id_old_digest": "(clinic_id, old_digest)",
            "ix_email_changes_clinic_id_user_id": "(clinic_id, user_id)",
        },
    ),
)


def upgrade() -> None:
    """Make the table."""
    create_tables(TABLES)


def downgrade() -> None:
    """Drop it; addresses stay as they are."""
    drop_tables(TABLES)
