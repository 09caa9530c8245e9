"""The worker reads no answers in caches and occurrences, the auditor no password hashes.

Why: whoever gets hold of one of these roles reads the rows of all clinics. What the worker needs of
a status row is how long somebody has been silent, and whether that is urgent; what it changes is
the revision.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

# role, table: what it may do from here on, and what it might before
GRANTS = {
    ("interlude_worker", "patient_status"): (
        "SELECT (clinic_id, patient_id, revision, item9_positive_at, cssrs_moderate_at,"
        " last_item9_on, last_cssrs_on), UPDATE (revision)",
        "SELECT, UPDATE",
    ),
    ("interlude_worker", "alert_occurrences"): (
        "SELECT (clinic_id, id, alert_id, patient_id, entry_id, rule, source, at, received_at,"
        " first_tier, tier, revision, about_id)",
        "SELECT",
    ),
    ("interlude_auditor", "users"): (
        "SELECT (clinic_id, id, email, email_digest, name, roles, timezone, active, epoch,"
        " needs_invitation, created_at)",
        "SELECT",
    ),
}


def upgrade() -> None:
    """Grant less."""
    for (role, table), (now, before) in GRANTS.items():
        op.execute(f"REVOKE {before} ON {table} FROM {role}")
        op.execute(f"GRANT {now} ON {table} TO {role}")


def downgrade() -> None:
    """Grant as before."""
    for (role, table), (now, before) in GRANTS.items():
        op.execute(f"REVOKE {now} ON {table} FROM {role}")
        op.execute(f"GRANT {before} ON {table} TO {role}")
