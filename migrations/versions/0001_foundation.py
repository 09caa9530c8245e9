"""All tables of the main path, row-level security, grants, and the door.

Why: the first schema. Row-level security holds from here on: a forgotten WHERE shows
nothing.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


# --- who may do what -----------------------------------------------------------------------------
# Roles are made by `db roles` (they belong to the cluster); a migration only grants.

CLINIC = "NULLIF(current_setting('interlude.clinic_id', true), '')::uuid"

READ, ADD, CHANGE, REMOVE = "SELECT", "INSERT", "UPDATE", "DELETE"
APPEND_ONLY = (READ, ADD)
GROWS_AND_CHANGES = (READ, ADD, CHANGE)

APP_GRANTS: dict[str, tuple[str, ...]] = {
    "clinics": GROWS_AND_CHANGES,
    "users": GROWS_AND_CHANGES,
    "token_families": GROWS_AND_CHANGES,
    "token_pairs": (READ, ADD, CHANGE, REMOVE),
    "invitations": GROWS_AND_CHANGES,
    "login_delays": (READ, ADD, CHANGE, REMOVE),
    "password_reset_requests": (ADD,),
    "password_resets": (
        f"{READ} (clinic_id, user_id, expires_at, used_at, code_digest, credentials_digest)",
        CHANGE,
    ),
    "patients": GROWS_AND_CHANGES,
    "patient_pauses": GROWS_AND_CHANGES,
    "care_team_members": (READ, ADD, REMOVE),
    "patient_status": GROWS_AND_CHANGES,
    "standing_plans": GROWS_AND_CHANGES,
    "record_ids": GROWS_AND_CHANGES,
    "check_ins": GROWS_AND_CHANGES,
    "check_in_contents": GROWS_AND_CHANGES,
    "help_requests": APPEND_ONLY,
    "unreadable_bodies": GROWS_AND_CHANGES,
    "decisions": APPEND_ONLY,
    "alerts": GROWS_AND_CHANGES,
    "alert_occurrences": GROWS_AND_CHANGES,
    "alert_events": APPEND_ONLY,
    "alert_notes": APPEND_ONLY,
    "alert_resolutions": APPEND_ONLY,
    "alert_feedback": GROWS_AND_CHANGES,
    "rules_failures": GROWS_AND_CHANGES,
    "contacts": GROWS_AND_CHANGES,
    "notifications": GROWS_AND_CHANGES,
    "notification_attempts": (READ,),
    "digest_alerts": (READ,),
    "audit_heads": GROWS_AND_CHANGES,
    "audit_entries": APPEND_ONLY,
}

# The worker serves all clinics and reads no answer, no note and no name of a patient.
WORKER_GRANTS: dict[str, tuple[str, ...]] = {
    "clinics": (READ,),
    "users": (f"{READ} (clinic_id, id, email, name, roles, timezone, active, created_at)",),
    "patients": (
        f"{READ} (clinic_id, id, user_id, timezone, status, paused_until, risk_at_intake,"
        " created_at, accepted_at)",
    ),
    "patient_pauses": (READ,),
    "care_team_members": (READ,),
    "patient_status": (READ, CHANGE),
    "alerts": GROWS_AND_CHANGES,
    "alert_occurrences": APPEND_ONLY,
    "alert_events": APPEND_ONLY,
    "contacts": (READ,),
    "notifications": GROWS_AND_CHANGES,
    "notification_attempts": APPEND_ONLY,
    "digest_alerts": APPEND_ONLY,
    "password_reset_requests": (READ, CHANGE, REMOVE),
    "password_resets": GROWS_AND_CHANGES,
}

DOOR_READS = ("clinics", "users", "token_families", "invitations", "password_resets")

# Before a log-in nobody knows the clinic. These functions find it and tell nothing else; what
# follows runs under row-level security like everything.
DOOR_FUNCTIONS = {
    "door_account(digest bytea)": (
        "SELECT u.clinic_id, u.id FROM public.users u WHERE u.email_digest = digest",
        "TABLE (clinic_id uuid, user_id uuid)",
        "interlude_app",
    ),
    "door_invitation(digest bytea)": (
        "SELECT i.clinic_id, i.id FROM public.invitations i WHERE i.code_digest = digest",
        "TABLE (clinic_id uuid, invitation_id uuid)",
        "interlude_app",
    ),
    "door_clinics()": (
        "SELECT c.id FROM public.clinics c ORDER BY c.id",
        "TABLE (clinic_id uuid)",
        "interlude_app",
    ),
    "door_password_reset(digest bytea)": (
        "SELECT r.clinic_id, r.user_id FROM public.password_resets r WHERE r.code_digest = digest",
        "TABLE (clinic_id uuid, user_id uuid)",
        "interlude_app",
    ),
    # An active account with a password, and what a code for it may replace: a digest, as the
    # worker reads no password hash.
    "door_forgotten_password(digest bytea)": (
        "SELECT u.clinic_id, u.id, sha256(convert_to(u.epoch || ' ' || u.password_hash, 'UTF8'))"
        " FROM public.users u"
        " WHERE u.email_digest = digest AND u.active AND u.password_hash IS NOT NULL",
        "TABLE (clinic_id uuid, user_id uuid, credentials_digest bytea)",
        "interlude_worker",
    ),
}


def app_policy(table: str) -> str:
    """The API sees the rows of one clinic; what is asked before a log-in it may only put in."""
    if table == "password_reset_requests":
        return f"CREATE POLICY put_in ON {table} FOR INSERT TO interlude_app WITH CHECK (true)"
    column = "id" if table == "clinics" else "clinic_id"
    return (
        f"CREATE POLICY own_clinic ON {table} TO interlude_app"
        f" USING ({column} = {CLINIC}) WITH CHECK ({column} = {CLINIC})"
    )


def secure_tables() -> None:
    """Row-level security, forced, on every table of a clinic; then the grants."""
    for table, rights in APP_GRANTS.items():
        op.execute(f"GRANT {', '.join(rights)} ON {table} TO interlude_app")
        op.execute(f"GRANT SELECT ON {table} TO interlude_auditor")
        if table == "login_delays":
            continue
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(app_policy(table))
        op.execute(f"CREATE POLICY audit ON {table} FOR SELECT TO interlude_auditor USING (true)")
    for table, rights in WORKER_GRANTS.items():
        op.execute(f"GRANT {', '.join(rights)} ON {table} TO interlude_worker")
        op.execute(f"CREATE POLICY all_clinics ON {table} TO interlude_worker USING (true)")


def make_door() -> None:
    """The functions that find a clinic, owned by a role that can do nothing else."""
    op.execute("GRANT CREATE ON SCHEMA public TO interlude_door")
    for table in DOOR_READS:
        op.execute(f"GRANT SELECT ON {table} TO interlude_door")
        op.execute(f"CREATE POLICY door ON {table} FOR SELECT TO interlude_door USING (true)")
    for signature, (query, result, caller) in DOOR_FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS {result} LANGUAGE sql STABLE SECURITY DEFINER"
            f" SET search_path = pg_catalog AS $$ {query} $$"
        )
        # Before it is the door's: whoever may act as the door without inheriting from it could
        # not take these rights away any more, and PostgreSQL would only warn.
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {caller}")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO interlude_door")
    op.execute("REVOKE CREATE ON SCHEMA public FROM interlude_door")


def upgrade() -> None:
    op.create_table(
        "clinics",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column(
            "staffed",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column(
            "holidays",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("monitoring_text", sa.Text(), nullable=True),
        sa.Column(
            "cssrs_texts",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("second_factor", sa.Text(), server_default="optional", nullable=False),
        sa.Column("ladder", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "second_factor IN ('off', 'optional', 'required')",
            name=op.f("ck_clinics_second_factor"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinics")),
    )
    op.create_table(
        "login_delays",
        sa.Column("key_digest", sa.LargeBinary(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_failure_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("not_before_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_digest", name=op.f("pk_login_delays")),
    )
    op.create_table(
        "password_reset_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email_digest", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_password_reset_requests")),
    )
    op.create_table(
        "audit_entries",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("object_id", sa.Uuid(), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_audit_entries_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "seq", name=op.f("pk_audit_entries")),
    )
    op.create_table(
        "audit_heads",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.Integer(), server_default="0", nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_audit_heads_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", name=op.f("pk_audit_heads")),
    )
    op.create_table(
        "users",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("email", sa.LargeBinary(), nullable=False),
        sa.Column("email_digest", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("roles", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("epoch", sa.Integer(), server_default="0", nullable=False),
        sa.Column("needs_invitation", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "NOT ('patient' = ANY(roles) AND cardinality(roles) > 1)",
            name=op.f("ck_users_patient_stands_alone"),
        ),
        sa.CheckConstraint(
            "roles <@ ARRAY['patient','clinician','on_call','admin']::text[] AND cardinality(roles) > 0",
            name=op.f("ck_users_roles_known"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_users_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_users")),
        sa.UniqueConstraint("email_digest", name=op.f("uq_users_email_digest")),
    )
    op.create_index(
        "ix_users_clinic_id_created_at", "users", ["clinic_id", "created_at", "id"], unique=False
    )
    op.create_table(
        "contacts",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("address", sa.LargeBinary(), nullable=False),
        sa.Column("signing_secret", sa.LargeBinary(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("last_resort", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("active", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("channel IN ('email', 'webhook')", name=op.f("ck_contacts_channel")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_contacts_clinic_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_contacts_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_contacts")),
    )
    op.create_index(
        "uq_contacts_one_last_resort",
        "contacts",
        ["clinic_id"],
        unique=True,
        postgresql_where="last_resort",
    )
    op.create_index("uq_contacts_position", "contacts", ["clinic_id", "position"], unique=True)
    op.create_table(
        "password_resets",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("credentials_digest", sa.LargeBinary(), nullable=False),
        sa.Column("sealed_code", sa.LargeBinary(), nullable=True),
        sa.Column("mail_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)",
            name=op.f("ck_password_resets_sending_has_a_lease"),
        ),
        sa.CheckConstraint(
            "(state IN ('pending', 'sending', 'failed_temporarily')) = (sealed_code IS NOT NULL)",
            name=op.f("ck_password_resets_code_kept_until_sent"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'failed_temporarily', 'failed_permanently')",
            name=op.f("ck_password_resets_state"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_password_resets_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "user_id", name=op.f("pk_password_resets")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_password_resets_code_digest")),
    )
    op.create_index(
        "ix_password_resets_due",
        "password_resets",
        ["due_at"],
        unique=False,
        postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
    )
    op.create_table(
        "patients",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column(
            "former_zones",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'[]'::jsonb"),
            nullable=False,
        ),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("address", sa.LargeBinary(), nullable=True),
        sa.Column("emergency_contact", sa.LargeBinary(), nullable=True),
        sa.Column("born_on", sa.Date(), nullable=True),
        sa.Column("mrn", sa.Text(), nullable=True),
        sa.Column(
            "indications",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("risk_at_intake", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("status", sa.Text(), server_default="active", nullable=False),
        sa.Column("status_reason", sa.LargeBinary(), nullable=True),
        sa.Column("paused_until", sa.Date(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(status = 'paused') = (paused_until IS NOT NULL)",
            name=op.f("ck_patients_pause_has_an_end"),
        ),
        sa.CheckConstraint(
            "status IN ('active', 'paused', 'discharged')", name=op.f("ck_patients_status")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_patients_clinic_id_user_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_patients_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_patients")),
        sa.UniqueConstraint("user_id", name=op.f("uq_patients_user_id")),
    )
    op.create_index(
        "ix_patients_clinic_id_created_at",
        "patients",
        ["clinic_id", "created_at", "id"],
        unique=False,
    )
    op.create_index("uq_patients_clinic_id_mrn", "patients", ["clinic_id", "mrn"], unique=True)
    op.create_table(
        "token_families",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("lifetime_s", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_reason", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_token_families_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_token_families")),
    )
    op.create_index(
        "ix_token_families_clinic_id_user_id",
        "token_families",
        ["clinic_id", "user_id"],
        unique=False,
    )
    op.create_table(
        "alerts",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="triggered", nullable=False),
        sa.Column("triggered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("newest_occurrence_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("occurrence_count", sa.Integer(), server_default="1", nullable=False),
        sa.Column("page_severity", sa.Text(), nullable=True),
        sa.Column("ladder_severity", sa.Text(), nullable=False),
        sa.Column("page_round", sa.Integer(), server_default="0", nullable=False),
        sa.Column("page_step", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("round_started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_by", sa.Uuid(), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ack_expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("contact_due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("resolved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "(family = 'rules_failed') = (patient_id IS NULL)",
            name=op.f("ck_alerts_rules_failed_has_no_patient"),
        ),
        sa.CheckConstraint(
            "(status = 'acknowledged') = (ack_expires_at IS NOT NULL)",
            name=op.f("ck_alerts_acknowledged_has_an_end"),
        ),
        sa.CheckConstraint(
            "(status = 'resolved') = (resolved_at IS NOT NULL)",
            name=op.f("ck_alerts_resolved_has_time"),
        ),
        sa.CheckConstraint(
            "ladder_severity IN ('critical', 'high', 'medium', 'low')",
            name=op.f("ck_alerts_ladder_severity"),
        ),
        sa.CheckConstraint(
            "page_severity IN ('critical', 'high')", name=op.f("ck_alerts_page_severity")
        ),
        sa.CheckConstraint(
            "severity IN ('critical', 'high', 'medium', 'low')", name=op.f("ck_alerts_severity")
        ),
        sa.CheckConstraint(
            "status IN ('triggered', 'acknowledged', 'resolved')", name=op.f("ck_alerts_status")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "acknowledged_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_alerts_clinic_id_acknowledged_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_alerts_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinics.id"], name=op.f("fk_alerts_clinic_id_clinics")
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_alerts")),
    )
    op.create_index(
        "ix_alerts_clinic_id_triggered_at",
        "alerts",
        ["clinic_id", "triggered_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_alerts_due", "alerts", ["next_at"], unique=False, postgresql_where="next_at IS NOT NULL"
    )
    op.create_index(
        "ix_alerts_patient", "alerts", ["clinic_id", "patient_id", "triggered_at"], unique=False
    )
    op.create_index(
        "uq_alerts_one_open_a_family",
        "alerts",
        ["clinic_id", "patient_id", "family"],
        unique=True,
        postgresql_where="status <> 'resolved' AND patient_id IS NOT NULL",
    )
    op.create_index(
        "uq_alerts_one_open_without_patient",
        "alerts",
        ["clinic_id", "family", "rule_version"],
        unique=True,
        postgresql_where="status <> 'resolved' AND patient_id IS NULL",
    )
    op.create_table(
        "care_team_members",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_care_team_members_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_care_team_members_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "user_id", name=op.f("pk_care_team_members")
        ),
    )
    op.create_index(
        op.f("ix_care_team_members_user_id"), "care_team_members", ["user_id"], unique=False
    )
    op.create_table(
        "check_in_contents",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("answers", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("client_total", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_check_in_contents_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "check_in_id", name=op.f("pk_check_in_contents")
        ),
    )
    op.create_table(
        "check_ins",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("root_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("superseded", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("superseded_revision", sa.Integer(), nullable=True),
        sa.Column("instrument", sa.Text(), nullable=False),
        sa.Column("instrument_version", sa.Text(), nullable=False),
        sa.Column("mood_day", sa.Date(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("total", sa.SmallInteger(), nullable=True),
        sa.Column("band", sa.Text(), nullable=True),
        sa.Column("complete", sa.Boolean(), nullable=False),
        sa.Column("answered", sa.SmallInteger(), nullable=False),
        sa.Column("prorated_total", sa.SmallInteger(), nullable=True),
        sa.Column("q9", sa.SmallInteger(), nullable=True),
        sa.Column("q9_highest", sa.SmallInteger(), nullable=True),
        sa.Column("q9_unknown", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("cssrs_level", sa.Text(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("counts_in_trend", sa.Boolean(), server_default="true", nullable=False),
        sa.Column("counts_from_revision", sa.Integer(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "cssrs_level IN ('none', 'low', 'moderate', 'high', 'unknown')",
            name=op.f("ck_check_ins_cssrs_level"),
        ),
        sa.CheckConstraint(
            "(total IS NULL) OR complete", name=op.f("ck_check_ins_total_only_when_complete")
        ),
        sa.CheckConstraint("q9 BETWEEN 0 AND 3", name=op.f("ck_check_ins_q9_range")),
        sa.CheckConstraint(
            "q9_highest BETWEEN 0 AND 3", name=op.f("ck_check_ins_q9_highest_range")
        ),
        sa.CheckConstraint("total BETWEEN 0 AND 80", name=op.f("ck_check_ins_total_range")),
        sa.CheckConstraint("version >= 1 AND answered >= 0", name=op.f("ck_check_ins_counts")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_check_ins_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "family_id"],
            ["token_families.clinic_id", "token_families.id"],
            name=op.f("fk_check_ins_clinic_id_family_id_token_families"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_check_ins_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "patient_id", "id", name=op.f("pk_check_ins")),
    )
    op.create_index(
        "ix_check_ins_newest",
        "check_ins",
        ["clinic_id", "patient_id", "recorded_at", "id"],
        unique=False,
    )
    op.create_index(
        "ix_check_ins_series",
        "check_ins",
        ["clinic_id", "patient_id", "instrument", "mood_day"],
        unique=False,
        postgresql_include=["total", "q9_highest", "superseded", "counts_in_trend"],
    )
    op.create_index(
        "uq_check_ins_versions",
        "check_ins",
        ["clinic_id", "patient_id", "root_id", "version"],
        unique=True,
    )
    op.create_table(
        "decisions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=True),
        sa.Column("decided", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint("by IN ('rules', 'fallback', 'replay')", name=op.f("ck_decisions_by")),
        sa.CheckConstraint(
            "tier IN ('critical', 'high', 'medium', 'low')", name=op.f("ck_decisions_tier")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_decisions_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_decisions")),
    )
    op.create_index(
        "ix_decisions_entry", "decisions", ["clinic_id", "patient_id", "entry_id"], unique=False
    )
    op.create_table(
        "help_requests",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_help_requests_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "patient_id", "id", name=op.f("pk_help_requests")),
    )
    op.create_table(
        "invitations",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("code_digest", sa.LargeBinary(), nullable=False),
        sa.Column("invited_by", sa.Uuid(), nullable=True),
        sa.Column("ends_old_devices", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("accepted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("device_digest", sa.LargeBinary(), nullable=True),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "family_id"],
            ["token_families.clinic_id", "token_families.id"],
            name=op.f("fk_invitations_clinic_id_family_id_token_families"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "invited_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_invitations_clinic_id_invited_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_invitations_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("code_digest", name=op.f("uq_invitations_code_digest")),
    )
    op.create_index(
        "ix_invitations_clinic_id_user_id", "invitations", ["clinic_id", "user_id"], unique=False
    )
    op.create_table(
        "patient_pauses",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("from_on", sa.Date(), nullable=False),
        sa.Column("to_on", sa.Date(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("ended_revision", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_patient_pauses_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_patient_pauses")),
    )
    op.create_index(
        "ix_patient_pauses_clinic_id_patient_id",
        "patient_pauses",
        ["clinic_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "patient_status",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_check_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_item9_on", sa.Date(), nullable=True),
        sa.Column("last_cssrs_on", sa.Date(), nullable=True),
        sa.Column("item9_positive_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cssrs_moderate_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_item9", sa.Integer(), nullable=True),
        sa.Column("baseline", sa.Double(), nullable=True),
        sa.Column("current", sa.Double(), nullable=True),
        sa.Column("trend_status", sa.Text(), nullable=True),
        sa.Column("daily_m7", sa.Double(), nullable=True),
        sa.Column("daily_slope", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_patient_status_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "patient_id", name=op.f("pk_patient_status")),
    )
    op.create_table(
        "record_ids",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.Column("first_answer", sa.LargeBinary(), nullable=True),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('check_in', 'amendment', 'help_request', 'patient', 'alert_note')",
            name=op.f("ck_record_ids_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_record_ids_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_record_ids")),
        sa.UniqueConstraint("id", name=op.f("uq_record_ids_id")),
    )
    op.create_index(
        "ix_record_ids_clinic_id_patient_id",
        "record_ids",
        ["clinic_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "token_pairs",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("family_id", sa.Uuid(), nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("spent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("voided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("successor_id", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "NOT (used_at IS NOT NULL AND voided_at IS NOT NULL)",
            name=op.f("ck_token_pairs_void_unused"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "family_id"],
            ["token_families.clinic_id", "token_families.id"],
            name=op.f("fk_token_pairs_clinic_id_family_id_token_families"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "successor_id"],
            ["token_pairs.clinic_id", "token_pairs.id"],
            name=op.f("fk_token_pairs_clinic_id_successor_id_token_pairs"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_token_pairs")),
    )
    op.create_index(
        "ix_token_pairs_clinic_id_family_id",
        "token_pairs",
        ["clinic_id", "family_id"],
        unique=False,
    )
    op.create_table(
        "alert_events",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column(
            "detail",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'::jsonb"),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "actor_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_alert_events_clinic_id_actor_id_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_alert_events_clinic_id_alert_id_alerts"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_alert_events")),
    )
    op.create_index(
        "ix_alert_events_alert", "alert_events", ["clinic_id", "alert_id", "at"], unique=False
    )
    op.create_table(
        "alert_feedback",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("useful", sa.Boolean(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_alert_feedback_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_alert_feedback_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "alert_id", "user_id", name=op.f("pk_alert_feedback")),
    )
    op.create_table(
        "alert_notes",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("author_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("text", sa.LargeBinary(), nullable=True),
        sa.CheckConstraint(
            "(kind = 'contact_attempt') = (outcome IS NOT NULL)",
            name=op.f("ck_alert_notes_attempt_outcome"),
        ),
        sa.CheckConstraint("kind IN ('note', 'contact_attempt')", name=op.f("ck_alert_notes_kind")),
        sa.CheckConstraint(
            "outcome IN ('reached', 'no_answer', 'message_left')",
            name=op.f("ck_alert_notes_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_alert_notes_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "author_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_alert_notes_clinic_id_author_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_alert_notes")),
    )
    op.create_index(
        "ix_alert_notes_alert", "alert_notes", ["clinic_id", "alert_id", "at"], unique=False
    )
    op.create_table(
        "alert_occurrences",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("item9", sa.SmallInteger(), nullable=True),
        sa.Column("cssrs", sa.Text(), nullable=True),
        sa.Column("first_tier", sa.Text(), nullable=False),
        sa.Column("tier", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "first_tier IN ('critical', 'high', 'medium', 'low')",
            name=op.f("ck_alert_occurrences_first_tier"),
        ),
        sa.CheckConstraint(
            "tier IN ('critical', 'high', 'medium', 'low')", name=op.f("ck_alert_occurrences_tier")
        ),
        sa.CheckConstraint("item9 BETWEEN 0 AND 3", name=op.f("ck_alert_occurrences_item9_range")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_alert_occurrences_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_alert_occurrences_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_alert_occurrences")),
    )
    op.create_index(
        "ix_alert_occurrences_alert",
        "alert_occurrences",
        ["clinic_id", "alert_id", "received_at"],
        unique=False,
    )
    op.create_table(
        "alert_resolutions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Uuid(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("content_digest", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint(
            "disposition IN ('safe_plan_made', 'emergency_services', 'handed_over_in_person', 'treatment_changed', 'appointment_made', 'watchful_waiting', 'false_alarm', 'other')",
            name=op.f("ck_alert_resolutions_disposition"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_alert_resolutions_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_alert_resolutions_clinic_id_by_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "alert_id", name=op.f("pk_alert_resolutions")),
    )
    op.create_table(
        "notifications",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=True),
        sa.Column("page_round", sa.Integer(), nullable=False),
        sa.Column("page_step", sa.SmallInteger(), nullable=False),
        sa.Column("contact_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_token", sa.Uuid(), nullable=True),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'page') = (alert_id IS NOT NULL)", name=op.f("ck_notifications_page_has_alert")
        ),
        sa.CheckConstraint(
            "(state = 'sending') = (lease_until IS NOT NULL)",
            name=op.f("ck_notifications_sending_has_a_lease"),
        ),
        sa.CheckConstraint(
            "channel IN ('email', 'webhook')", name=op.f("ck_notifications_channel")
        ),
        sa.CheckConstraint("kind IN ('page', 'digest')", name=op.f("ck_notifications_kind")),
        sa.CheckConstraint(
            "severity IN ('critical', 'high', 'medium', 'low')",
            name=op.f("ck_notifications_severity"),
        ),
        sa.CheckConstraint(
            "state IN ('pending', 'sending', 'sent', 'delivered', 'failed_temporarily', 'failed_permanently')",
            name=op.f("ck_notifications_state"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(contact_id, user_id) = 1", name=op.f("ck_notifications_one_recipient")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_notifications_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "contact_id"],
            ["contacts.clinic_id", "contacts.id"],
            name=op.f("fk_notifications_clinic_id_contact_id_contacts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "user_id"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_notifications_clinic_id_user_id_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_notifications")),
    )
    op.create_index(
        "ix_notifications_due",
        "notifications",
        ["due_at"],
        unique=False,
        postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
    )
    op.create_index(
        "uq_notifications_page",
        "notifications",
        ["clinic_id", "alert_id", "page_round", "page_step", "contact_id"],
        unique=True,
    )
    op.create_table(
        "rules_failures",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("entry_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("rule_version", sa.Text(), nullable=False),
        sa.Column("failed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_rules_failures_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_rules_failures_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "entry_id", name=op.f("pk_rules_failures")
        ),
    )
    op.create_table(
        "standing_plans",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("check_in_id", sa.Uuid(), nullable=False),
        sa.Column("set_by", sa.Uuid(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_ones", sa.Integer(), server_default="0", nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_because", sa.Text(), nullable=True),
        sa.CheckConstraint("until_at > set_at", name=op.f("ck_standing_plans_until_after_set")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_standing_plans_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_standing_plans_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "set_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_standing_plans_clinic_id_set_by_users"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_standing_plans")),
    )
    op.create_index(
        "uq_standing_plans_one_a_patient",
        "standing_plans",
        ["clinic_id", "patient_id"],
        unique=True,
        postgresql_where="ended_at IS NULL",
    )
    op.create_table(
        "unreadable_bodies",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.Column("body_digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("answer_status", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_unreadable_bodies_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_unreadable_bodies_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_unreadable_bodies")),
    )
    op.create_index(
        "uq_unreadable_bodies_digest",
        "unreadable_bodies",
        ["clinic_id", "patient_id", "body_digest"],
        unique=True,
    )
    op.create_table(
        "digest_alerts",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("alert_id", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "alert_id"],
            ["alerts.clinic_id", "alerts.id"],
            name=op.f("fk_digest_alerts_clinic_id_alert_id_alerts"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "notification_id"],
            ["notifications.clinic_id", "notifications.id"],
            name=op.f("fk_digest_alerts_clinic_id_notification_id_notifications"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "notification_id", "alert_id", name=op.f("pk_digest_alerts")
        ),
    )
    op.create_index(op.f("ix_digest_alerts_alert_id"), "digest_alerts", ["alert_id"], unique=False)
    op.create_table(
        "notification_attempts",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("notification_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "notification_id"],
            ["notifications.clinic_id", "notifications.id"],
            name=op.f("fk_notification_attempts_clinic_id_notification_id_notifications"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_notification_attempts")),
    )
    op.create_index(
        "ix_notification_attempts_notification",
        "notification_attempts",
        ["clinic_id", "notification_id", "at"],
        unique=False,
    )
    secure_tables()
    make_door()


def downgrade() -> None:
    for signature in DOOR_FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    op.drop_index("ix_notification_attempts_notification", table_name="notification_attempts")
    op.drop_table("notification_attempts")
    op.drop_index(op.f("ix_digest_alerts_alert_id"), table_name="digest_alerts")
    op.drop_table("digest_alerts")
    op.drop_index("uq_unreadable_bodies_digest", table_name="unreadable_bodies")
    op.drop_table("unreadable_bodies")
    op.drop_index(
        "uq_standing_plans_one_a_patient",
        table_name="standing_plans",
        postgresql_where="ended_at IS NULL",
    )
    op.drop_table("standing_plans")
    op.drop_table("rules_failures")
    op.drop_index("uq_notifications_page", table_name="notifications")
    op.drop_index(
        "ix_notifications_due",
        table_name="notifications",
        postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
    )
    op.drop_table("notifications")
    op.drop_table("alert_resolutions")
    op.drop_index("ix_alert_occurrences_alert", table_name="alert_occurrences")
    op.drop_table("alert_occurrences")
    op.drop_index("ix_alert_notes_alert", table_name="alert_notes")
    op.drop_table("alert_notes")
    op.drop_table("alert_feedback")
    op.drop_index("ix_alert_events_alert", table_name="alert_events")
    op.drop_table("alert_events")
    op.drop_index("ix_token_pairs_clinic_id_family_id", table_name="token_pairs")
    op.drop_table("token_pairs")
    op.drop_index("ix_record_ids_clinic_id_patient_id", table_name="record_ids")
    op.drop_table("record_ids")
    op.drop_table("patient_status")
    op.drop_index("ix_patient_pauses_clinic_id_patient_id", table_name="patient_pauses")
    op.drop_table("patient_pauses")
    op.drop_index("ix_invitations_clinic_id_user_id", table_name="invitations")
    op.drop_table("invitations")
    op.drop_table("help_requests")
    op.drop_index("ix_decisions_entry", table_name="decisions")
    op.drop_table("decisions")
    op.drop_index("uq_check_ins_versions", table_name="check_ins")
    op.drop_index(
        "ix_check_ins_series",
        table_name="check_ins",
        postgresql_include=["total", "q9_highest", "superseded", "counts_in_trend"],
    )
    op.drop_index("ix_check_ins_newest", table_name="check_ins")
    op.drop_table("check_ins")
    op.drop_table("check_in_contents")
    op.drop_index(op.f("ix_care_team_members_user_id"), table_name="care_team_members")
    op.drop_table("care_team_members")
    op.drop_index(
        "uq_alerts_one_open_without_patient",
        table_name="alerts",
        postgresql_where="status <> 'resolved' AND patient_id IS NULL",
    )
    op.drop_index(
        "uq_alerts_one_open_a_family",
        table_name="alerts",
        postgresql_where="status <> 'resolved' AND patient_id IS NOT NULL",
    )
    op.drop_index("ix_alerts_patient", table_name="alerts")
    op.drop_index("ix_alerts_due", table_name="alerts", postgresql_where="next_at IS NOT NULL")
    op.drop_index("ix_alerts_clinic_id_triggered_at", table_name="alerts")
    op.drop_table("alerts")
    op.drop_index("ix_token_families_clinic_id_user_id", table_name="token_families")
    op.drop_table("token_families")
    op.drop_index("uq_patients_clinic_id_mrn", table_name="patients")
    op.drop_index("ix_patients_clinic_id_created_at", table_name="patients")
    op.drop_table("patients")
    op.drop_index(
        "ix_password_resets_due",
        table_name="password_resets",
        postgresql_where="state IN ('pending', 'sending', 'failed_temporarily')",
    )
    op.drop_table("password_resets")
    op.drop_index("uq_contacts_position", table_name="contacts")
    op.drop_index(
        "uq_contacts_one_last_resort", table_name="contacts", postgresql_where="last_resort"
    )
    op.drop_table("contacts")
    op.drop_index("ix_users_clinic_id_created_at", table_name="users")
    op.drop_table("users")
    op.drop_table("audit_heads")
    op.drop_table("audit_entries")
    op.drop_table("password_reset_requests")
    op.drop_table("login_delays")
    op.drop_table("clinics")
