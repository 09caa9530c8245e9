"""The API queues letters of its own: a link for a device, and word of a further device.

Why: it alone knows of both. It still cannot read what a letter carries.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

COLUMNS = "expires_at, sealed_code"


def upgrade() -> None:
    """Let the API write the two columns that only letters have."""
    op.execute(f"GRANT INSERT ({COLUMNS}) ON notifications TO interlude_app")


def downgrade() -> None:
    """Take it back: only the worker queues letters."""
    op.execute(f"REVOKE INSERT ({COLUMNS}) ON notifications FROM interlude_app")
