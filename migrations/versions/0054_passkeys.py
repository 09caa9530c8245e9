"""Staff can have passkeys as a second factor: public keys, and the challenges that they answer.

Why: a code that is typed can be asked for by a page that only looks like ours; a passkey answers to
our address alone.

Safe beside the previous version, which asks for none: finish the upgrade before anybody adds one.

Revision ID: 0054
Revises: 0053
"""

from __future__ import annotations

from alembic import op

from migrations.erasure import Part, erase_with, erase_without
from migrations.tables import (
    Table,
    create_tables,
    drop_tables,
    own_clinic_policies,
    owner_may_not_rotate,
    owner_may_rotate,
)

revision = "0054"
down_revision = "0053"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "passkeys",
        app="SELECT, INSERT, UPDATE (sign_count, last_used_at), DELETE",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "credential_id": "bytea NOT NULL",
            "public_key": "bytea NOT NULL",
            "sign_count": "bigint NOT NULL",
            "transports": "text[] NOT NULL DEFAULT '{}'",
            "rp_id": "text NOT NULL",
            "name": "bytea NOT NULL",  # encrypted
            "added_at": "timestamptz NOT NULL",
            "last_used_at": "timestamptz",
        },
        refers={"user_id": "users"},
        indexes={
            "ix_passkeys_clinic_id_user_id": "(clinic_id, user_id)",
            "uq_passkeys_credential_id": "(clinic_id, credential_id)",
        },
    ),
    Table(
        "passkey_challenges",
        app="SELECT, INSERT, DELETE",
        columns={
            "user_id": "uuid NOT NULL",
            "challenge": "bytea NOT NULL",
            "purpose": "text NOT NULL",
            "family_id": "uuid",
            "rp_id": "text NOT NULL",
            "origin": "text NOT NULL",
            "asked_at": "timestamptz NOT NULL",
        },
        key="user_id, challenge",
        refers={"user_id": "users"},
        checks={
            "purpose": "purpose IN ('log_in', 'enrol', 'prove')",
            "family": "(family_id IS NULL) = (purpose = 'log_in')",
        },
    ),
)
NOT_FOR_THE_AUDITOR = (
    "REVOKE SELECT ON passkeys, passkey_challenges FROM interlude_auditor",
    "DROP POLICY audit ON passkeys",
    "DROP POLICY audit ON passkey_challenges",
)
# Patients have none; what points at an account goes before it.
PARTS = (
    Part("passkeys", "t.user_id = $3", 406),
    Part("passkey_challenges", "t.user_id = $3", 407),
)


def upgrade() -> None:
    """Make the tables; the auditor proves that pages go out, and needs nobody's factor."""
    create_tables(TABLES)
    for statement in NOT_FOR_THE_AUDITOR:
        op.execute(statement)
    owner_may_rotate(("passkeys",))
    own_clinic_policies()
    erase_with(PARTS)


def downgrade() -> None:
    """Drop them: whoever has passkeys alone opens their account with the password again."""
    erase_without(PARTS)
    owner_may_not_rotate(("passkeys",))
    drop_tables(TABLES)
