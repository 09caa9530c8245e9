"""A log-in says where it was made: on a phone, in the console or on an alert's page; by what kind of
browser and device, in words.

Why: whoever looks through their log-ins has to tell them apart to end a strange one.

Safe beside the previous version, whose log-ins are listed as a phone's.

Revision ID: 0047
Revises: 0046
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None

COLUMNS = {
    "kind": "text NOT NULL DEFAULT 'phone' CONSTRAINT ck_token_families_kind"
    " CHECK (kind IN ('phone', 'console', 'alert_page'))",
    "device": "text",
}


def upgrade() -> None:
    """Add both."""
    add_columns("token_families", COLUMNS)


def downgrade() -> None:
    """Drop both."""
    drop_columns("token_families", COLUMNS)
