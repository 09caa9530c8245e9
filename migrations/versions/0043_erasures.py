"""Erasing a patient: who asked, who confirmed, and the one function that may take rows away.

Why: nobody could be erased. No role that serves may remove an entry, an alert or what was recorded
about a patient; a function may, of one patient whose erasure two people have stood for.

Safe beside the previous version. The role `interlude_eraser` is made by `db roles`, before this.

Revision ID: 0043
Revises: 0042
"""

from __future__ import annotations

from alembic import op

from migrations.erasure import Part, drop_eraser, erase_with, erase_without, make_eraser
from migrations.tables import (
    Table,
    create_tables,
    drop_tables,
    own_clinic_policies,
    owner_may_not_rotate,
    owner_may_rotate,
)

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

TABLES = (
    # Stays for ever, as ids and times: the patient and the account that it names are gone.
    Table(
        "erasures",
        app="SELECT, INSERT, UPDATE (user_id, reason, confirmed_by, confirmed_at, erased_at)",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "user_id": "uuid",
            "reason": "bytea",  # encrypted
            "requested_by": "uuid NOT NULL",
            "requested_at": "timestamptz NOT NULL",
            "confirmed_by": "uuid",
            "confirmed_at": "timestamptz",
            "erased_at": "timestamptz",
        },
        refers={"requested_by": "users", "confirmed_by": "users"},
        checks={
            "by_two": "confirmed_by <> requested_by",
            "confirmed_first": "erased_at IS NULL OR confirmed_at IS NOT NULL",
            "reason_goes": "(erased_at IS NULL) = (reason IS NOT NULL)",
        },
        indexes={
            "uq_erasures_one_open_a_patient": "(clinic_id, patient_id) WHERE erased_at IS NULL",
            "ix_erasures_clinic_id_requested_at": "(clinic_id, requested_at, id)",
        },
    ),
)
# Each pair that goes is looked for in all others.
SUCCESSORS = (
    "CREATE INDEX ix_token_pairs_successor ON token_pairs (clinic_id, successor_id)"
    " WHERE successor_id IS NOT NULL"
)

PATIENT = "t.patient_id = $2"
ACCOUNT = "t.user_id = $3"
ALERT = (
    "t.alert_id IN (SELECT a.id FROM public.alerts a WHERE a.clinic_id = $1 AND a.patient_id = $2)"
)
NOTIFICATION = (
    "t.notification_id IN (SELECT n.id FROM public.notifications n WHERE n.clinic_id = $1"
    " AND (n.user_id = $3 OR n.alert_id IN (SELECT a.id FROM public.alerts a"
    " WHERE a.clinic_id = $1 AND a.patient_id = $2)))"
)
ROWS = {
    # What was recorded about them stays as ids and times: the chain holds over it.
    "audit_details": "t.entry_id IN (SELECT e.id FROM public.audit_entries e"
    " WHERE e.clinic_id = $1 AND e.patient_id = $2)",
    "audit_keys": "t.subject_id = $2",
    # Alerts, and what is on its way about them.
    "digest_alerts": ALERT,
    "notification_attempts": NOTIFICATION,
    "notifications": f"{ACCOUNT} OR {ALERT}",
    "alert_feedback": ALERT,
    "alert_resolutions": ALERT,
    "alert_notes": ALERT,
    "alert_events": ALERT,
    "alert_occurrences": ALERT,
    "rules_failures": PATIENT,
    "standing_plans": PATIENT,
    "unreadable_bodies": PATIENT,
    "alerts": PATIENT,
    # Entries.
    "decisions": PATIENT,
    "check_in_contents": PATIENT,
    "check_ins": PATIENT,
    "help_requests": PATIENT,
    "side_effect_reports": PATIENT,
    # Treatment.
    "session_follow_ups": PATIENT,
    "session_decisions": PATIENT,
    "session_vitals": PATIENT,
    "treatment_session_versions": PATIENT,
    "treatment_sessions": PATIENT,
    "course_versions": PATIENT,
    "courses": PATIENT,
    "screenings": PATIENT,
    "concomitant_treatments": PATIENT,
    # Their record. An id that a client made stays taken.
    "record_ids": f"{PATIENT} OR t.id = $2",
    "care_team_members": PATIENT,
    "view_grants": PATIENT,
    "patient_pauses": PATIENT,
    "patient_search_parts": PATIENT,
    "patient_status": PATIENT,
    "patients": "t.id = $2",
    # Their account.
    "reminders": ACCOUNT,
    "reminder_plans": ACCOUNT,
    "devices": ACCOUNT,
    "recovery_codes": ACCOUNT,
    "totp_factors": ACCOUNT,
    "email_changes": ACCOUNT,
    "password_resets": ACCOUNT,
    "invitations": ACCOUNT,
    "token_pairs": "t.family_id IN (SELECT f.id FROM public.token_families f"
    " WHERE f.clinic_id = $1 AND f.user_id = $3)",
    "token_families": ACCOUNT,
    "users": "t.id = $3",
}
EMPTIED = {"record_ids": "patient_id = NULL, content_digest = '', first_answer = NULL"}
PARTS = tuple(
    Part(table, rows, 10 * place, EMPTIED.get(table, ""))
    for place, (table, rows) in enumerate(ROWS.items(), 1)
)
READS = ("audit_entries", "erasures")


def upgrade() -> None:
    """Make the table, then what erases."""
    op.execute(SUCCESSORS)
    create_tables(TABLES)
    owner_may_rotate(("erasures",))
    own_clinic_policies()
    make_eraser(READS)
    erase_with(PARTS)


def downgrade() -> None:
    """Who was erased stays so; nobody else can be."""
    erase_without(PARTS)
    drop_eraser(READS)
    owner_may_not_rotate(("erasures",))
    drop_tables(TABLES)
    op.execute("DROP INDEX ix_token_pairs_successor")
