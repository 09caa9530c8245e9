"""Schedules: who is on call when.

Why: a clinic had one list of contacts, the same at all hours.

Safe beside the previous version, which reads none of it.

Revision ID: 0022
Revises: 0021
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "on_call_schedules",
        app="SELECT, INSERT, UPDATE (name, ended_at)",
        worker="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "name": "text NOT NULL",
            "created_at": "timestamptz NOT NULL",
            "ended_at": "timestamptz",
        },
        refers={"clinic_id": "clinics"},
    ),
    Table(
        "on_call_rotations",
        app="SELECT, INSERT, DELETE",
        worker="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "schedule_id": "uuid NOT NULL",
            "from_at": "timestamptz NOT NULL",
            "timezone": "text NOT NULL",
            "kind": "text NOT NULL",
            "length": "smallint NOT NULL",
            "handover": "time NOT NULL",
            "anchor_on": "date NOT NULL",
            "members": "uuid[] NOT NULL",
            "first": "smallint NOT NULL",
            "created_at": "timestamptz NOT NULL",
        },
        refers={"schedule_id": "on_call_schedules"},
        checks={"kind": "kind IN ('daily', 'weekly', 'hours')", "length": "length > 0"},
        indexes={"uq_on_call_rotations_from_at": "(clinic_id, schedule_id, from_at)"},
    ),
    Table(
        "on_call_overrides",
        app="SELECT, INSERT, UPDATE (to_at)",
        worker="SELECT (clinic_id, id, schedule_id, user_id, kind, from_at, to_at, created_at)",
        columns={
            "id": "uuid NOT NULL",
            "schedule_id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "from_at": "timestamptz NOT NULL",
            "to_at": "timestamptz",
            "reason": "bytea",  # encrypted
            "created_by": "uuid NOT NULL",
            "created_at": "timestamptz NOT NULL",
        },
        refers={
            "schedule_id": "on_call_schedules",
            "user_id": "users",
            "created_by": "users",
        },
        checks={
            "kind": "kind IN ('cover', 'away', 'left')",
            "span": "to_at >= from_at",
            "only_left_is_open": "to_at IS NOT NULL OR kind = 'left'",
        },
        indexes={
            "ix_on_call_overrides_schedule": "(clinic_id, schedule_id, created_at, id)",
        },
    ),
    Table(
        "calendar_links",
        app="SELECT, INSERT, UPDATE (revoked_at)",
        columns={
            "id": "uuid NOT NULL",
            "schedule_id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "token_digest": "bytea NOT NULL",
            "created_at": "timestamptz NOT NULL",
            "revoked_at": "timestamptz",
        },
        unique=("token_digest",),
        refers={"schedule_id": "on_call_schedules", "user_id": "users"},
        indexes={"ix_calendar_links_schedule": "(clinic_id, schedule_id)"},
    ),
)


def upgrade() -> None:
    """Make the tables."""
    create_tables(TABLES)


def downgrade() -> None:
    """Drop them, with every schedule."""
    drop_tables(TABLES)
