"""Consent: what patients agreed to and took back, and that nobody follows those who took it back.

Why: a clinic has to show what a patient agreed to, and has to stop when they say so.

Safe beside the previous version, which goes on following whoever withdrew.

Revision ID: 0048
Revises: 0047
"""

from __future__ import annotations

from alembic import op

from migrations.erasure import Part, erase_with, erase_without
from migrations.tables import (
    Table,
    add_columns,
    create_tables,
    drop_columns,
    drop_tables,
    own_clinic_policies,
)

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "consents",
        app="SELECT, INSERT, UPDATE (withdrawn_at, withdrawn_by)",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "version": "text NOT NULL",
            "language": "text NOT NULL",
            "accepted_at": "timestamptz NOT NULL",
            "accepted_by": "uuid NOT NULL",
            "withdrawn_at": "timestamptz",
            "withdrawn_by": "uuid",
        },
        refers={"patient_id": "patients", "accepted_by": "users", "withdrawn_by": "users"},
        checks={"withdrawn": "(withdrawn_at IS NULL) = (withdrawn_by IS NULL)"},
        indexes={
            "ix_consents_clinic_id_patient_id": "(clinic_id, patient_id, accepted_at, id)",
        },
    ),
)
PATIENT = {"consent_withdrawn_at": "timestamptz"}
# Before the patient and the accounts that it points at.
PARTS = (Part("consents", "t.patient_id = $2", 295),)
PAUSE = {"of_consent": "boolean NOT NULL DEFAULT false"}
BEFORE = (
    "'check_in', 'amendment', 'help_request', 'patient', 'alert_note', 'side_effects',"
    " 'side_effects_amendment', 'course', 'session', 'vitals', 'screening', 'session_decision',"
    " 'concomitant_treatment'"
)


def upgrade() -> None:
    """Make the table and the columns. The worker looks for silence: it reads who is followed."""
    create_tables(TABLES)
    add_columns("patients", PATIENT)
    op.execute("GRANT SELECT (consent_withdrawn_at) ON patients TO interlude_worker")
    add_columns("patient_pauses", PAUSE)
    _kinds(f"{BEFORE}, 'consent'")
    own_clinic_policies()
    erase_with(PARTS)


def downgrade() -> None:
    """Drop them; the ids of consents are free again."""
    erase_without(PARTS)
    op.execute("ALTER TABLE record_ids NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM record_ids WHERE kind = 'consent'")
    op.execute("ALTER TABLE record_ids FORCE ROW LEVEL SECURITY")
    _kinds(BEFORE)
    drop_columns("patient_pauses", PAUSE)
    drop_columns("patients", PATIENT)
    drop_tables(TABLES)


def _kinds(named: str) -> None:
    """The rows that are there are looked at in a statement of its own, beside whoever writes."""
    op.execute(
        "ALTER TABLE record_ids DROP CONSTRAINT ck_record_ids_kind,"
        f" ADD CONSTRAINT ck_record_ids_kind CHECK (kind IN ({named})) NOT VALID"
    )
    op.execute("ALTER TABLE record_ids VALIDATE CONSTRAINT ck_record_ids_kind")
