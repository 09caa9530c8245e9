"""Staff can have a second factor: an authenticator app, and recovery codes.

Why: whoever reads a password over somebody's shoulder reads patients with it.

Safe beside the previous version, which asks for none: finish the upgrade before anybody enrols.

Revision ID: 0042
Revises: 0041
"""

from __future__ import annotations

from alembic import op

from migrations.tables import (
    Table,
    create_tables,
    drop_tables,
    own_clinic_policies,
    owner_may_not_rotate,
    owner_may_rotate,
)

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "totp_factors",
        app="SELECT, INSERT, UPDATE, DELETE",
        columns={
            "user_id": "uuid NOT NULL",
            "secret": "bytea",  # encrypted
            "confirmed_at": "timestamptz",
            "last_step": "bigint NOT NULL DEFAULT 0",
            "new_secret": "bytea",  # encrypted
            "begun_at": "timestamptz",
        },
        key="user_id",
        refers={"user_id": "users"},
        checks={
            "confirmed": "(secret IS NULL) = (confirmed_at IS NULL)",
            "begun": "(new_secret IS NULL) = (begun_at IS NULL)",
        },
    ),
    Table(
        "recovery_codes",
        app="SELECT, INSERT, DELETE",
        columns={"user_id": "uuid NOT NULL", "code_digest": "bytea NOT NULL"},
        key="user_id, code_digest",
        refers={"user_id": "users"},
    ),
)
NOT_FOR_THE_AUDITOR = (
    "REVOKE SELECT ON totp_factors, recovery_codes FROM interlude_auditor",
    "DROP POLICY audit ON totp_factors",
    "DROP POLICY audit ON recovery_codes",
)


def upgrade() -> None:
    """Make the tables; the auditor proves that pages go out, and needs nobody's factor."""
    create_tables(TABLES)
    for statement in NOT_FOR_THE_AUDITOR:
        op.execute(statement)
    owner_may_rotate(("totp_factors",))
    own_clinic_policies()


def downgrade() -> None:
    """Drop them: passwords alone open accounts again."""
    owner_may_not_rotate(("totp_factors",))
    drop_tables(TABLES)
