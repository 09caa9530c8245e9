"""Break-glass: who has a patient outside their care teams in view, and until when.

Why: whoever was not in a patient's team saw nothing of them, also in an emergency.

Safe beside the previous version, which knows no grant: there the patient stays out of view.

Revision ID: 0041
Revises: 0040
"""

from __future__ import annotations

from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "view_grants",
        app="SELECT, INSERT, UPDATE (ends_at)",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "granted_at": "timestamptz NOT NULL",
            "ends_at": "timestamptz NOT NULL",
        },
        refers={"user_id": "users", "patient_id": "patients"},
        checks={"ends": "ends_at >= granted_at"},
        indexes={
            "ix_view_grants_clinic_id_user_id": "(clinic_id, user_id, ends_at)",
            "ix_view_grants_clinic_id_patient_id": "(clinic_id, patient_id)",
        },
    ),
)


def upgrade() -> None:
    """Make the table."""
    create_tables(TABLES)
    own_clinic_policies()


def downgrade() -> None:
    """Drop it: every patient is out of view again."""
    drop_tables(TABLES)
