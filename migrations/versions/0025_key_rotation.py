"""Let keys be rotated: the owner sees encrypted values of the clinic that it entered by proof, and
the digest key outlives the secret that it came from.

Why: what was written with a key that somebody else may know has to be written anew while the
service runs, and by no role that serves.

Safe beside the previous version.

Revision ID: 0025
Revises: 0024
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns, owner_may_not_rotate, owner_may_rotate

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

COLUMNS = {"wrapped": "bytea"}
ENCRYPTED = (
    "alert_feedback",
    "alert_notes",
    "alert_resolutions",
    "check_in_contents",
    "concomitant_treatments",
    "contact_methods",
    "contacts",
    "email_changes",
    "help_requests",
    "notifications",
    "on_call_overrides",
    "patients",
    "record_ids",
    "screenings",
    "session_decisions",
    "side_effect_reports",
    "standing_plans",
    "unreadable_bodies",
    "users",
)


def upgrade() -> None:
    """Add what rotation keeps and may see."""
    add_columns("key_fingerprints", COLUMNS)
    op.execute("SET LOCAL ROLE interlude_door")
    op.execute("GRANT EXECUTE ON FUNCTION public.entered_clinic() TO interlude_owner")
    op.execute("RESET ROLE")
    owner_may_rotate(ENCRYPTED)


def downgrade() -> None:
    """The owner sees no row again."""
    owner_may_not_rotate(ENCRYPTED)
    op.execute("SET LOCAL ROLE interlude_door")
    op.execute("REVOKE EXECUTE ON FUNCTION public.entered_clinic() FROM interlude_owner")
    op.execute("RESET ROLE")
    drop_columns("key_fingerprints", COLUMNS)
