"""Drills: marked alerts about nobody that go down the real chain.

Why: how fast the chain answers was known from real alerts only.

Safe beside the previous version, whose workers page a drill as any alert, without its mark.

Revision ID: 0030
Revises: 0029
"""

from __future__ import annotations

from alembic import op

from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "drills",
        app="SELECT, INSERT",
        worker="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "alert_id": "uuid NOT NULL",
            "severity": "text NOT NULL",
            "started_by": "uuid NOT NULL",
            "started_at": "timestamptz NOT NULL",
        },
        refers={"alert_id": "alerts", "started_by": "users"},
        checks={"severity": "severity IN ('critical', 'high')"},
    ),
)
DROP = "ALTER TABLE alerts DROP CONSTRAINT ck_alerts_rules_failed_has_no_patient"
ADD = (
    "ALTER TABLE alerts ADD CONSTRAINT ck_alerts_rules_failed_has_no_patient"
    " CHECK (({}) = (patient_id IS NULL))"
)


def upgrade() -> None:
    """Make the table, and let a drill be about nobody."""
    create_tables(TABLES)
    op.execute(DROP)
    op.execute(ADD.format("family IN ('rules_failed', 'drill')"))
    own_clinic_policies()


def downgrade() -> None:
    """Drop it, with the alerts of drills left as they are: the check holds for new rows alone."""
    drop_tables(TABLES)
    op.execute(DROP)
    op.execute(ADD.format("family = 'rules_failed'") + " NOT VALID")
