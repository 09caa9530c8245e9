"""A break-glass grant keeps its reason, encrypted, and the audit's details keep none.

Why: the reason names what befell a patient, and stood in plain words in `audit_details`.

Safe beside the previous version, whose grants have no reason of their own. What it recorded before
stays where it is: a detail is digested by the chain, and goes with its patient. Going back, the
audit shows no reason of grants made meanwhile.

Revision ID: 0053
Revises: 0052
"""

from __future__ import annotations

from migrations.tables import (
    add_columns,
    drop_columns,
    owner_may_not_rotate,
    owner_may_rotate,
)

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

COLUMNS = {"reason": "bytea"}  # encrypted


def upgrade() -> None:
    """Add it."""
    add_columns("view_grants", COLUMNS)
    owner_may_rotate(("view_grants",))


def downgrade() -> None:
    """Drop it."""
    owner_may_not_rotate(("view_grants",))
    drop_columns("view_grants", COLUMNS)
