"""In which language somebody reads, and which languages a clinic has reviewed.

Why: what a patient reads when it matters most must be in words that they understand, and no clinic
answers for words that nobody there has read.

Safe beside the previous version, which knows none of it and says everything in English.

Revision ID: 0036
Revises: 0035
"""

from __future__ import annotations

from migrations.tables import add_columns, drop_columns

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

COLUMNS = {
    "users": {"language": "text"},
    "clinics": {
        "language": "text",
        "reviewed_texts": "jsonb NOT NULL DEFAULT '{}'::jsonb",
    },
}


def upgrade() -> None:
    """Add the columns: nobody named a language, and no clinic reviewed one."""
    for table, columns in COLUMNS.items():
        add_columns(table, columns)


def downgrade() -> None:
    """Drop them."""
    for table, columns in COLUMNS.items():
        drop_columns(table, columns)
