"""The worker may read in which language an account reads.

Why: letters go to patients in their own words. It reads the same of clinics already.

Safe beside the previous version, which does not ask.

Revision ID: 0044
Revises: 0043
"""

from __future__ import annotations

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Grant it."""
    op.execute("GRANT SELECT (language) ON users TO interlude_worker")


def downgrade() -> None:
    """Take it back."""
    op.execute("REVOKE SELECT (language) ON users FROM interlude_worker")
