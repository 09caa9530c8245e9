"""A clinic's staff may sign in with its own provider (OpenID Connect).

Why: a hospital that has one log-in for everything removes somebody in one place.

Safe beside the previous version, which offers passwords alone.

Revision ID: 0055
Revises: 0054
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

revision = "0055"
down_revision = "0054"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "oidc_providers",
        app="SELECT, INSERT, UPDATE, DELETE",
        columns={
            "name": "text NOT NULL",
            "issuer": "text NOT NULL",
            "client_id": "text NOT NULL",
            "client_secret": "bytea NOT NULL",  # encrypted
            "scope": "text NOT NULL",
            "claim": "text",
            "roles": "jsonb NOT NULL DEFAULT '{}'",
            "factors": "text[] NOT NULL DEFAULT '{}'",
            "changed_at": "timestamptz NOT NULL",
        },
        key="",
        refers={"clinic_id": "clinics"},
    ),
    Table(
        "oidc_sign_ins",
        app="SELECT, INSERT, DELETE",
        columns={"secret_digest": "bytea NOT NULL", "begun_at": "timestamptz NOT NULL"},
        key="secret_digest",
        refers={"clinic_id": "clinics"},
    ),
    Table(
        "oidc_identities",
        app="SELECT, INSERT, DELETE",
        columns={
            "user_id": "uuid NOT NULL",
            "identity_digest": "bytea NOT NULL",
            "linked_at": "timestamptz NOT NULL",
        },
        key="user_id",
        refers={"user_id": "users"},
        indexes={
            "uq_oidc_identities_clinic_id_identity_digest": "(clinic_id, identity_digest)",
        },
    ),
)
NOT_FOR_THE_AUDITOR = (
    "REVOKE SELECT ON oidc_providers, oidc_sign_ins, oidc_identities FROM interlude_auditor",
    "DROP POLICY audit ON oidc_providers",
    "DROP POLICY audit ON oidc_sign_ins",
    "DROP POLICY audit ON oidc_identities",
)


def upgrade() -> None:
    """Make the tables; the auditor proves that pages go out, and needs nobody's log-in."""
    create_tables(TABLES)
    for statement in NOT_FOR_THE_AUDITOR:
        op.execute(statement)
    owner_may_rotate(("oidc_providers",))
    own_clinic_policies()


def downgrade() -> None:
    """Drop them: passwords alone open accounts again."""
    owner_may_not_rotate(("oidc_providers",))
    drop_tables(TABLES)
