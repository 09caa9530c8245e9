"""What the administrators were told of the chains of the coming nights.

Why: nobody saw before the night that it had nobody on call.

Safe beside the previous version, which does not know the table.

Revision ID: 0029
Revises: 0028
"""

from __future__ import annotations

from alembic import op

from migrations.tables import (
    DoorFunction,
    Table,
    create_door_functions,
    create_tables,
    drop_door_functions,
    drop_tables,
    own_clinic_policies,
)

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "chain_checks",
        app="",
        worker="SELECT, INSERT, UPDATE",
        door="SELECT",
        key="",
        columns={
            "known": "jsonb NOT NULL DEFAULT '{}'::jsonb",
            "findings": "integer NOT NULL",
            "changed_at": "timestamptz NOT NULL",
        },
        refers={"clinic_id": "clinics"},
    ),
)
FINDINGS = DoorFunction(
    "door_chain_findings()",
    "interlude_app, interlude_worker, interlude_auditor",
    returns="findings bigint",
    query="SELECT coalesce(sum(c.findings), 0) FROM public.chain_checks c",
)


def upgrade() -> None:
    """Make the table, the answer of the door, and the index of what did not get through."""
    create_tables(TABLES)
    create_door_functions((FINDINGS,))
    op.execute(
        "CREATE INDEX ix_notifications_failed ON notifications (clinic_id, created_at)"
        " WHERE state = 'failed_permanently'"
    )
    own_clinic_policies()


def downgrade() -> None:
    """Drop them: nobody looks ahead."""
    op.execute("DROP INDEX ix_notifications_failed")
    drop_door_functions((FINDINGS,))
    drop_tables(TABLES)
