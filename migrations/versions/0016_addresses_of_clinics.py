"""An address is one account's in each clinic, not in the whole database, and free once that ends.

Why: who moves to another clinic, or works in two, keeps their address; and a clinic that invites
somebody learns nothing about the others. Going back needs each address to have one account only.

Revision ID: 0016
Revises: 0015
"""

from __future__ import annotations

from alembic import op

from migrations.tables import DoorFunction, create_door_functions, drop_door_functions

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

UNIQUE = "uq_users_clinic_id_email_digest"
FOUND_BY = "ix_users_email_digest"
DOOR_ACCOUNT = {
    "signature": "door_account(digest bytea)",
    "callers": "interlude_app",
    "returns": "clinic_id uuid, user_id uuid",
}
ANY = "SELECT u.clinic_id, u.id FROM public.users u WHERE u.email_digest = digest"
BEFORE = (DoorFunction(**DOOR_ACCOUNT, query=ANY),)
ACTIVE = (DoorFunction(**DOOR_ACCOUNT, query=f"{ANY} AND u.active"),)


def upgrade() -> None:
    """Unique among the active accounts of a clinic; the door tells of all active ones."""
    op.execute(f"CREATE UNIQUE INDEX {UNIQUE} ON users (clinic_id, email_digest) WHERE active")
    op.create_index(FOUND_BY, "users", ["email_digest"])
    op.drop_constraint("uq_users_email_digest", "users")
    drop_door_functions(BEFORE)
    create_door_functions(ACTIVE)


def downgrade() -> None:
    """Unique in the whole database again."""
    drop_door_functions(ACTIVE)
    create_door_functions(BEFORE)
    op.create_unique_constraint("uq_users_email_digest", "users", ["email_digest"])
    op.drop_index(FOUND_BY, "users")
    op.drop_index(UNIQUE, "users")
