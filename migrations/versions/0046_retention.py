"""Let the application take away codes, changes of address and letters that have long been over.

Why: they stayed for ever, with addresses in them. Rows that have not been over for 30 days are
refused by the database, whoever asks.

Safe beside the previous version, which takes none away.

Revision ID: 0046
Revises: 0045
"""

from __future__ import annotations

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

LONG_OVER = "(expires_at < now() - interval '30 days')"
LETTERS = f"(kind = 'letter' AND {LONG_OVER})"
# table: what may go
MAY_GO = {
    "invitations": LONG_OVER,
    "email_changes": LONG_OVER,
    "password_resets": LONG_OVER,
    "notifications": LETTERS,
    "notification_attempts": "(notification_id IN (SELECT n.id FROM notifications n"
    " WHERE n.kind = 'letter' AND n.expires_at < now() - interval '30 days'))",
}


def upgrade() -> None:
    """Grant it, within these limits."""
    for table, condition in MAY_GO.items():
        op.execute(f"GRANT DELETE ON {table} TO interlude_app")
        op.execute(
            f"CREATE POLICY long_over ON {table} AS RESTRICTIVE FOR DELETE TO interlude_app"
            f" USING {condition}"
        )


def downgrade() -> None:
    """Take it back."""
    for table in MAY_GO:
        op.execute(f"DROP POLICY long_over ON {table}")
        op.execute(f"REVOKE DELETE ON {table} FROM interlude_app")
