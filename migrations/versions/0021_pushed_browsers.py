"""The worker takes away a browser that its push service does not know any more.

Why: a subscription that has ended never comes back; the browser makes a new one.

Safe beside the previous version.

Revision ID: 0021
Revises: 0020
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Let it."""
    op.execute("GRANT UPDATE (active) ON contact_methods TO interlude_worker")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE UPDATE (active) ON contact_methods FROM interlude_worker")
