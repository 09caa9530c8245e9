"""Courses, sessions, vital signs, screenings, side effects, and what the caseload says of them.

Why: trends are anchored on treatment. What is known of a course or a session stands in versions
that are only ever added, so that the report of an earlier revision stays as it was.

Safe beside the previous version: it adds tables and columns, and widens one CHECK.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


CLINIC = "NULLIF(current_setting('interlude.clinic_id', true), '')::uuid"

APPEND_ONLY = ("SELECT", "INSERT")
GROWS_AND_CHANGES = ("SELECT", "INSERT", "UPDATE")

APP_GRANTS: dict[str, tuple[str, ...]] = {
    "courses": APPEND_ONLY,
    "course_versions": APPEND_ONLY,
    "treatment_sessions": APPEND_ONLY,
    "treatment_session_versions": APPEND_ONLY,
    "session_vitals": APPEND_ONLY,
    "screenings": APPEND_ONLY,
    "session_decisions": APPEND_ONLY,
    "session_follow_ups": ("SELECT", "INSERT", "UPDATE", "DELETE"),
    "concomitant_treatments": GROWS_AND_CHANGES,
    "side_effect_reports": GROWS_AND_CHANGES,
}
# The worker says when a follow-up did not come; it reads nothing else of a treatment.
WORKER_GRANTS: dict[str, tuple[str, ...]] = {"session_follow_ups": ("SELECT", "UPDATE")}

KINDS = ("check_in", "amendment", "help_request", "patient", "alert_note")
MORE_KINDS = (
    "side_effects",
    "side_effects_amendment",
    "course",
    "session",
    "vitals",
    "screening",
    "session_decision",
    "concomitant_treatment",
)


def set_kinds(kinds: tuple[str, ...], *, also_of_old_rows: bool = True) -> None:
    """Which kinds of records may take an id."""
    listed = ", ".join(f"'{kind}'" for kind in kinds)
    op.drop_constraint(op.f("ck_record_ids_kind"), "record_ids", type_="check")
    op.create_check_constraint(
        op.f("ck_record_ids_kind"),
        "record_ids",
        f"kind IN ({listed})",
        postgresql_not_valid=not also_of_old_rows,
    )


def secure_tables() -> None:
    """Row-level security, forced, on every new table; then the grants."""
    for table, rights in APP_GRANTS.items():
        op.execute(f"GRANT {', '.join(rights)} ON {table} TO interlude_app")
        op.execute(f"GRANT SELECT ON {table} TO interlude_auditor")
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY own_clinic ON {table} TO interlude_app"
            f" USING (clinic_id = {CLINIC}) WITH CHECK (clinic_id = {CLINIC})"
        )
        op.execute(f"CREATE POLICY audit ON {table} FOR SELECT TO interlude_auditor USING (true)")
    for table, rights in WORKER_GRANTS.items():
        op.execute(f"GRANT {', '.join(rights)} ON {table} TO interlude_worker")
        op.execute(f"CREATE POLICY all_clinics ON {table} TO interlude_worker USING (true)")


def upgrade() -> None:
    op.create_table(
        "concomitant_treatments",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("stopped_on", sa.Date(), nullable=True),
        sa.Column("stopped_revision", sa.Integer(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('antidepressant', 'mood_stabiliser', 'antipsychotic', 'benzodiazepine', 'stimulant', 'psychotherapy', 'other')",
            name=op.f("ck_concomitant_treatments_kind"),
        ),
        sa.CheckConstraint(
            "stopped_on >= started_on", name=op.f("ck_concomitant_treatments_stops_after_start")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_concomitant_treatments_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_concomitant_treatments_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_concomitant_treatments")),
    )
    op.create_index(
        "ix_concomitant_treatments_patient",
        "concomitant_treatments",
        ["clinic_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "courses",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_courses_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_courses")),
    )
    op.create_index("ix_courses_patient", "courses", ["clinic_id", "patient_id"], unique=False)
    op.create_table(
        "screenings",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("screened_on", sa.Date(), nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        sa.Column(
            "contraindications",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'::text[]"),
            nullable=False,
        ),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "expires_on >= screened_on", name=op.f("ck_screenings_expires_after_screening")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_screenings_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_screenings_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_screenings")),
    )
    op.create_index(
        "ix_screenings_patient",
        "screenings",
        ["clinic_id", "patient_id", "screened_on"],
        unique=False,
    )
    op.create_table(
        "treatment_sessions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_treatment_sessions_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_treatment_sessions")),
    )
    op.create_index(
        "ix_treatment_sessions_patient",
        "treatment_sessions",
        ["clinic_id", "patient_id"],
        unique=False,
    )
    op.create_table(
        "course_versions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("indication", sa.Text(), nullable=True),
        sa.Column("protocol", sa.Text(), nullable=True),
        sa.Column("started_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date(), nullable=True),
        sa.Column("new_baseline", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("maintenance_interval_days", sa.SmallInteger(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "phase IN ('induction', 'maintenance')", name=op.f("ck_course_versions_phase")
        ),
        sa.CheckConstraint(
            "product IN ('ketamine', 'esketamine', 'tms', 'ect', 'other')",
            name=op.f("ck_course_versions_product"),
        ),
        sa.CheckConstraint(
            "ended_on >= started_on", name=op.f("ck_course_versions_ends_after_start")
        ),
        sa.CheckConstraint(
            "maintenance_interval_days BETWEEN 1 AND 365", name=op.f("ck_course_versions_interval")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["courses.clinic_id", "courses.id"],
            name=op.f("fk_course_versions_clinic_id_course_id_courses"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_course_versions_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_course_versions_clinic_id_patient_id_patients"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "course_id", "version", name=op.f("pk_course_versions")
        ),
    )
    op.create_table(
        "session_decisions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("found", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("decided_by", sa.Uuid(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('clearance', 'discharge', 'driving_restriction')",
            name=op.f("ck_session_decisions_kind"),
        ),
        sa.CheckConstraint(
            "outcome IN ('cleared', 'not_cleared', 'discharged', 'kept', 'acknowledged')",
            name=op.f("ck_session_decisions_outcome"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "decided_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_session_decisions_clinic_id_decided_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_session_decisions_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["treatment_sessions.clinic_id", "treatment_sessions.id"],
            name=op.f("fk_session_decisions_clinic_id_session_id_treatment_sessions"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_session_decisions")),
    )
    op.create_index(
        "ix_session_decisions_session",
        "session_decisions",
        ["clinic_id", "session_id", "decided_at"],
        unique=False,
    )
    op.create_table(
        "session_follow_ups",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("opens_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("met_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lapsed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('follow_up', 'driving_lock')", name=op.f("ck_session_follow_ups_kind")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_session_follow_ups_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["treatment_sessions.clinic_id", "treatment_sessions.id"],
            name=op.f("fk_session_follow_ups_clinic_id_session_id_treatment_sessions"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "session_id", "kind", name=op.f("pk_session_follow_ups")
        ),
    )
    op.create_index(
        "ix_session_follow_ups_due",
        "session_follow_ups",
        ["due_at"],
        unique=False,
        postgresql_where="met_at IS NULL AND lapsed_at IS NULL",
    )
    op.create_table(
        "session_vitals",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("systolic", sa.SmallInteger(), nullable=False),
        sa.Column("diastolic", sa.SmallInteger(), nullable=False),
        sa.Column("heart_rate", sa.SmallInteger(), nullable=True),
        sa.Column("spo2", sa.SmallInteger(), nullable=True),
        sa.Column("sedation", sa.SmallInteger(), nullable=True),
        sa.Column("dissociation", sa.SmallInteger(), nullable=True),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "phase IN ('pre', 'during', 'post', 'discharge')", name=op.f("ck_session_vitals_phase")
        ),
        sa.CheckConstraint(
            "diastolic BETWEEN 20 AND 200", name=op.f("ck_session_vitals_diastolic")
        ),
        sa.CheckConstraint(
            "dissociation BETWEEN 0 AND 92", name=op.f("ck_session_vitals_dissociation")
        ),
        sa.CheckConstraint(
            "heart_rate BETWEEN 20 AND 300", name=op.f("ck_session_vitals_heart_rate")
        ),
        sa.CheckConstraint("sedation BETWEEN 0 AND 5", name=op.f("ck_session_vitals_sedation")),
        sa.CheckConstraint("spo2 BETWEEN 30 AND 100", name=op.f("ck_session_vitals_spo2")),
        sa.CheckConstraint("systolic BETWEEN 40 AND 300", name=op.f("ck_session_vitals_systolic")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_session_vitals_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_session_vitals_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["treatment_sessions.clinic_id", "treatment_sessions.id"],
            name=op.f("fk_session_vitals_clinic_id_session_id_treatment_sessions"),
        ),
        sa.PrimaryKeyConstraint("clinic_id", "id", name=op.f("pk_session_vitals")),
    )
    op.create_index(
        "ix_session_vitals_patient",
        "session_vitals",
        ["clinic_id", "patient_id", "taken_at"],
        unique=False,
    )
    op.create_index(
        "ix_session_vitals_session",
        "session_vitals",
        ["clinic_id", "session_id", "taken_at"],
        unique=False,
    )
    op.create_table(
        "side_effect_reports",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("root_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("superseded", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=True),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("mood_day", sa.Date(), nullable=False),
        sa.Column("effects", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("systolic", sa.SmallInteger(), nullable=True),
        sa.Column("diastolic", sa.SmallInteger(), nullable=True),
        sa.Column("heart_rate", sa.SmallInteger(), nullable=True),
        sa.Column("note", sa.LargeBinary(), nullable=True),
        sa.Column("reason", sa.LargeBinary(), nullable=True),
        sa.Column("flags", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=True),
        sa.Column("family_id", sa.Uuid(), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "(systolic IS NULL) = (diastolic IS NULL)",
            name=op.f("ck_side_effect_reports_whole_pressure"),
        ),
        sa.CheckConstraint(
            "diastolic BETWEEN 20 AND 200", name=op.f("ck_side_effect_reports_diastolic")
        ),
        sa.CheckConstraint(
            "heart_rate BETWEEN 20 AND 300", name=op.f("ck_side_effect_reports_heart_rate")
        ),
        sa.CheckConstraint(
            "systolic BETWEEN 40 AND 300", name=op.f("ck_side_effect_reports_systolic")
        ),
        sa.CheckConstraint("version >= 1", name=op.f("ck_side_effect_reports_counts")),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_side_effect_reports_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "family_id"],
            ["token_families.clinic_id", "token_families.id"],
            name=op.f("fk_side_effect_reports_clinic_id_family_id_token_families"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_side_effect_reports_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["treatment_sessions.clinic_id", "treatment_sessions.id"],
            name=op.f("fk_side_effect_reports_clinic_id_session_id_treatment_sessions"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id", "patient_id", "id", name=op.f("pk_side_effect_reports")
        ),
    )
    op.create_index(
        "ix_side_effect_reports_newest",
        "side_effect_reports",
        ["clinic_id", "patient_id", "recorded_at", "id"],
        unique=False,
    )
    op.create_index(
        "uq_side_effect_reports_versions",
        "side_effect_reports",
        ["clinic_id", "patient_id", "root_id", "version"],
        unique=True,
    )
    op.create_table(
        "treatment_session_versions",
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("session_id", sa.Uuid(), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.Column("course_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("product", sa.Text(), nullable=False),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("dose_value", sa.Double(), nullable=True),
        sa.Column("dose_unit", sa.Text(), nullable=True),
        sa.Column("weight_kg", sa.Double(), nullable=True),
        sa.Column("supervision", sa.Text(), nullable=False),
        sa.Column("cancelled", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("entered_by", sa.Uuid(), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.CheckConstraint(
            "product IN ('ketamine', 'esketamine', 'tms', 'ect', 'other')",
            name=op.f("ck_treatment_session_versions_product"),
        ),
        sa.CheckConstraint(
            "route IN ('iv', 'im', 'intranasal', 'oral', 'sublingual', 'sc')",
            name=op.f("ck_treatment_session_versions_route"),
        ),
        sa.CheckConstraint(
            "supervision IN ('clinic', 'remote_supervised', 'unsupervised')",
            name=op.f("ck_treatment_session_versions_supervision"),
        ),
        sa.CheckConstraint(
            "(dose_value IS NULL) = (dose_unit IS NULL) AND dose_value > 0",
            name=op.f("ck_treatment_session_versions_dose_has_a_unit"),
        ),
        sa.CheckConstraint(
            "ended_at >= started_at", name=op.f("ck_treatment_session_versions_ends_after_start")
        ),
        sa.CheckConstraint(
            "weight_kg BETWEEN 20 AND 400", name=op.f("ck_treatment_session_versions_weight")
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "course_id"],
            ["courses.clinic_id", "courses.id"],
            name=op.f("fk_treatment_session_versions_clinic_id_course_id_courses"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "entered_by"],
            ["users.clinic_id", "users.id"],
            name=op.f("fk_treatment_session_versions_clinic_id_entered_by_users"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "patient_id"],
            ["patients.clinic_id", "patients.id"],
            name=op.f("fk_treatment_session_versions_clinic_id_patient_id_patients"),
        ),
        sa.ForeignKeyConstraint(
            ["clinic_id", "session_id"],
            ["treatment_sessions.clinic_id", "treatment_sessions.id"],
            name=op.f("fk_treatment_session_versions_clinic_id_session_id_treatment_sessions"),
        ),
        sa.PrimaryKeyConstraint(
            "clinic_id",
            "patient_id",
            "session_id",
            "version",
            name=op.f("pk_treatment_session_versions"),
        ),
    )
    op.add_column("alert_occurrences", sa.Column("about_id", sa.Uuid(), nullable=True))
    op.add_column(
        "patient_status",
        sa.Column("two_week_figures_at", sa.DateTime(timezone=True), nullable=True),
    )
    op.add_column(
        "patient_status", sa.Column("daily_figures_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "patient_status",
        sa.Column("non_response", sa.Boolean(), server_default="false", nullable=False),
    )
    op.add_column("patient_status", sa.Column("last_session_id", sa.Uuid(), nullable=True))
    op.add_column(
        "patient_status", sa.Column("last_session_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column(
        "patient_status",
        sa.Column("sessions_in_course", sa.SmallInteger(), server_default="0", nullable=False),
    )
    op.add_column("patient_status", sa.Column("next_session_id", sa.Uuid(), nullable=True))
    op.add_column(
        "patient_status", sa.Column("next_session_at", sa.DateTime(timezone=True), nullable=True)
    )
    op.add_column("patient_status", sa.Column("wearing_off_on", sa.Date(), nullable=True))
    op.add_column("patient_status", sa.Column("maintenance_due_on", sa.Date(), nullable=True))
    set_kinds((*KINDS, *MORE_KINDS))
    secure_tables()


def downgrade() -> None:
    # An id that was taken stays taken: a phone that sends it again must not make a second record.
    set_kinds(KINDS, also_of_old_rows=False)
    op.drop_column("patient_status", "maintenance_due_on")
    op.drop_column("patient_status", "wearing_off_on")
    op.drop_column("patient_status", "next_session_at")
    op.drop_column("patient_status", "next_session_id")
    op.drop_column("patient_status", "sessions_in_course")
    op.drop_column("patient_status", "last_session_at")
    op.drop_column("patient_status", "last_session_id")
    op.drop_column("patient_status", "non_response")
    op.drop_column("patient_status", "daily_figures_at")
    op.drop_column("patient_status", "two_week_figures_at")
    op.drop_column("alert_occurrences", "about_id")
    op.drop_table("treatment_session_versions")
    op.drop_index("uq_side_effect_reports_versions", table_name="side_effect_reports")
    op.drop_index("ix_side_effect_reports_newest", table_name="side_effect_reports")
    op.drop_table("side_effect_reports")
    op.drop_index("ix_session_vitals_session", table_name="session_vitals")
    op.drop_index("ix_session_vitals_patient", table_name="session_vitals")
    op.drop_table("session_vitals")
    op.drop_index(
        "ix_session_follow_ups_due",
        table_name="session_follow_ups",
        postgresql_where="met_at IS NULL AND lapsed_at IS NULL",
    )
    op.drop_table("session_follow_ups")
    op.drop_index("ix_session_decisions_session", table_name="session_decisions")
    op.drop_table("session_decisions")
    op.drop_table("course_versions")
    op.drop_index("ix_treatment_sessions_patient", table_name="treatment_sessions")
    op.drop_table("treatment_sessions")
    op.drop_index("ix_screenings_patient", table_name="screenings")
    op.drop_table("screenings")
    op.drop_index("ix_courses_patient", table_name="courses")
    op.drop_table("courses")
    op.drop_index("ix_concomitant_treatments_patient", table_name="concomitant_treatments")
    op.drop_table("concomitant_treatments")
