"""Find the tries at log-ins that are to be forgotten.

Why: each try takes some old rows away, so that refused ones leave nothing for ever.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

INDEX = "ix_login_delays_last_failure_at"


def upgrade() -> None:
    """Index the tries by their age."""
    op.create_index(INDEX, "login_delays", ["last_failure_at"])


def downgrade() -> None:
    """Take the index away."""
    op.drop_index(INDEX, "login_delays")
