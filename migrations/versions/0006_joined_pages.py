"""What the API may change of a page on its way, and an index for turns between clinics.

Why: a further occurrence joins a page that is not out yet, which the API writes: it may move such a
page to a later step, a higher severity and an earlier time, void a letter, and nothing else. A
page's clinic is picked by how many tries it had in the last minute.

Safe beside the previous version, which changes no other column as the API.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ADDED = (
    "clinic_id, id, kind, alert_id, page_round, page_step, contact_id, user_id, channel, severity,"
    " created_at, due_at"
)
CHANGED = "page_round, page_step, severity, created_at, due_at, expires_at"


def upgrade() -> None:
    """Apply."""
    op.execute("REVOKE INSERT, UPDATE ON notifications FROM interlude_app")
    op.execute(f"GRANT INSERT ({ADDED}), UPDATE ({CHANGED}) ON notifications TO interlude_app")
    op.execute("CREATE INDEX ix_notification_attempts_at ON notification_attempts (at)")


def downgrade() -> None:
    """Take back."""
    op.execute("DROP INDEX ix_notification_attempts_at")
    op.execute(f"REVOKE INSERT ({ADDED}), UPDATE ({CHANGED}) ON notifications FROM interlude_app")
    op.execute("GRANT INSERT, UPDATE ON notifications TO interlude_app")
