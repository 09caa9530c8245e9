"""Exports: who asked for a patient's data, and until when it may be read.

Why: a patient's data could not be handed over whole.

Safe beside the previous version, which knows none.

Revision ID: 0045
Revises: 0044
"""

from __future__ import annotations

from migrations.erasure import Part, erase_with, erase_without
from migrations.tables import Table, create_tables, drop_tables, own_clinic_policies

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "exports",
        app="SELECT, INSERT, DELETE",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "requested_by": "uuid NOT NULL",
            "requested_at": "timestamptz NOT NULL",
            "expires_at": "timestamptz NOT NULL",
        },
        refers={"patient_id": "patients", "requested_by": "users"},
        indexes={
            "ix_exports_clinic_id_patient_id": "(clinic_id, patient_id)",
            "ix_exports_clinic_id_requested_by": "(clinic_id, requested_by)",
            "ix_exports_expires_at": "(expires_at)",
        },
    ),
)
PARTS = (Part("exports", "t.patient_id = $2", 5),)


def upgrade() -> None:
    """Make the table; it goes with its patient."""
    create_tables(TABLES)
    own_clinic_policies()
    erase_with(PARTS)


def downgrade() -> None:
    """Drop it."""
    erase_without(PARTS)
    drop_tables(TABLES)
