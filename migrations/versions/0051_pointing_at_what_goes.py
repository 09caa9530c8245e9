"""Find by an index what points at a log-in, an alert, a course or a session that goes.

Why: a patient has many of them, and for each that goes with the patient PostgreSQL looks for what
still points at it. No index served: of 450,000 check-ins each of 60 log-ins took a read of all.

Safe beside the previous version. Made beside writes, which go on: no answer waits for an index.
Killed half-way it begins again with the index that was not finished.

Revision ID: 0051
Revises: 0050
"""

from __future__ import annotations

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# Table: its column that points at a row, and whether it may be empty.
POINTING = (
    ("check_ins", "family_id", True),
    ("side_effect_reports", "family_id", True),
    ("invitations", "family_id", True),
    ("drills", "alert_id", False),
    ("rules_failures", "alert_id", False),
    ("standing_plans", "alert_id", False),
    ("unreadable_bodies", "alert_id", False),
    ("course_versions", "course_id", False),
    ("treatment_session_versions", "course_id", False),
    ("treatment_session_versions", "session_id", False),
    ("session_follow_ups", "session_id", False),
    ("side_effect_reports", "session_id", True),
)


def upgrade() -> None:
    """Make them, one by one, waiting for whoever reads and holding nobody up."""
    with op.get_context().autocommit_block():
        op.execute("SET lock_timeout = 0")
        for table, column, may_be_empty in POINTING:
            where = f" WHERE {column} IS NOT NULL" if may_be_empty else ""
            op.execute(f"DROP INDEX IF EXISTS ix_{table}_{column}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY ix_{table}_{column}"
                f" ON {table} (clinic_id, {column}){where}"
            )
        op.execute("SET lock_timeout = '5s'")


def downgrade() -> None:
    """Take them away."""
    for table, column, _ in POINTING:
        op.execute(f"DROP INDEX ix_{table}_{column}")
