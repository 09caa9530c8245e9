"""Escalation policies: whom an alert of a severity pages, step by step.

Why: one chain of contacts was paged about everything, whoever was on call.

Safe beside the previous version, which goes on along the contact chain.

Revision ID: 0026
Revises: 0025
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "on_call_policies",
        app="SELECT, INSERT, UPDATE, DELETE",
        worker="SELECT",
        key="severity",
        columns={
            "severity": "text NOT NULL",
            "steps": "jsonb NOT NULL",
            "changed_at": "timestamptz NOT NULL",
        },
        refers={"clinic_id": "clinics"},
        checks={"severity": "severity IN ('critical', 'high')"},
    ),
)


def upgrade() -> None:
    """Make the table."""
    create_tables(TABLES)
    own_clinic_policies()


def downgrade() -> None:
    """Drop it: the contact chain is the policy again."""
    drop_tables(TABLES)
