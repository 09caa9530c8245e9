"""Devices that a patient's reminders go to; quiet hours of an account.

Why: nothing could be sent to a patient's phone.

Safe beside the previous version, which knows neither.

Revision ID: 0037
Revises: 0036
"""

from __future__ import annotations

from migrations.tables import (
    Table,
    add_columns,
    create_tables,
    drop_columns,
    drop_tables,
    own_clinic_policies,
    owner_may_not_rotate,
    owner_may_rotate,
)

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "devices",
        app="SELECT, INSERT, UPDATE, DELETE",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "family_id": "uuid NOT NULL",
            "device_digest": "bytea NOT NULL",
            "kind": "text NOT NULL",
            "subscription": "bytea NOT NULL",  # encrypted
            "subscription_digest": "bytea NOT NULL",
            "put_at": "timestamptz NOT NULL",
        },
        refers={"user_id": "users", "family_id": "token_families"},
        checks={"kind": "kind IN ('webpush', 'fcm')"},
        indexes={
            "uq_devices_device": "(clinic_id, user_id, device_digest)",
            "uq_devices_subscription": "(clinic_id, subscription_digest)",
            "ix_devices_clinic_id_family_id": "(clinic_id, family_id)",
        },
    ),
)
COLUMNS = {"quiet_hours": "jsonb"}


def upgrade() -> None:
    """Make the table, and let an account say how it likes to be reminded."""
    create_tables(TABLES)
    owner_may_rotate(("devices",))
    add_columns("users", COLUMNS)
    own_clinic_policies()


def downgrade() -> None:
    """Take both back."""
    drop_columns("users", COLUMNS)
    owner_may_not_rotate(("devices",))
    drop_tables(TABLES)
