"""Courses, sessions, vital signs, screenings, side effects, and what the caseload says of them.

Why: trends are anchored on treatment. What is known of a course or a session stands in versions
that are only ever added, so that the report of an earlier revision stays as it was.

Safe beside the previous version: it only adds.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

from migrations.tables import Table, add_columns, create_tables, drop_columns, drop_tables

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = (
    # That a course of treatment exists.
    Table(
        "courses",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "created_at": "timestamptz NOT NULL",
        },
        refers={"patient_id": "patients"},
        indexes={"ix_courses_patient": "(clinic_id, patient_id)"},
    ),
    # What was known of a course from a revision on.
    Table(
        "course_versions",
        app="SELECT, INSERT",
        columns={
            "patient_id": "uuid NOT NULL",
            "course_id": "uuid NOT NULL",
            "version": "smallint NOT NULL",
            "product": "text NOT NULL",
            "phase": "text NOT NULL",
            "indication": "text",
            "protocol": "text",
            "started_on": "date NOT NULL",
            "ended_on": "date",
            "new_baseline": "boolean NOT NULL DEFAULT false",
            "maintenance_interval_days": "smallint",
            "entered_by": "uuid NOT NULL",
            "entered_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        key="patient_id, course_id, version",
        refers={"course_id": "courses", "entered_by": "users", "patient_id": "patients"},
        checks={
            "phase": "phase IN ('induction', 'maintenance')",
            "product": "product IN ('ketamine', 'esketamine', 'tms', 'ect', 'other')",
            "ends_after_start": "ended_on >= started_on",
            "interval": "maintenance_interval_days BETWEEN 1 AND 365",
        },
    ),
    # That a session exists.
    Table(
        "treatment_sessions",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "created_at": "timestamptz NOT NULL",
        },
        refers={"patient_id": "patients"},
        indexes={"ix_treatment_sessions_patient": "(clinic_id, patient_id)"},
    ),
    # What was known of a session from a revision on.
    Table(
        "treatment_session_versions",
        app="SELECT, INSERT",
        columns={
            "patient_id": "uuid NOT NULL",
            "session_id": "uuid NOT NULL",
            "version": "smallint NOT NULL",
            "course_id": "uuid NOT NULL",
            "started_at": "timestamptz NOT NULL",
            "ended_at": "timestamptz",
            "product": "text NOT NULL",
            "route": "text",
            "dose_value": "double precision",
            "dose_unit": "text",
            "weight_kg": "double precision",
            "supervision": "text NOT NULL",
            "cancelled": "boolean NOT NULL DEFAULT false",
            "entered_by": "uuid NOT NULL",
            "entered_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        key="patient_id, session_id, version",
        refers={
            "course_id": "courses",
            "entered_by": "users",
            "patient_id": "patients",
            "session_id": "treatment_sessions",
        },
        checks={
            "product": "product IN ('ketamine', 'esketamine', 'tms', 'ect', 'other')",
            "route": "route IN ('iv', 'im', 'intranasal', 'oral', 'sublingual', 'sc')",
            "supervision": "supervision IN ('clinic', 'remote_supervised', 'unsupervised')",
            "dose_has_a_unit": "(dose_value IS NULL) = (dose_unit IS NULL) AND dose_value > 0",
            "ends_after_start": "ended_at >= started_at",
            "weight": "weight_kg BETWEEN 20 AND 400",
        },
    ),
    # One set of vital signs of a session.
    Table(
        "session_vitals",
        app="SELECT, INSERT, UPDATE (superseded_revision)",
        columns={
            "id": "uuid NOT NULL",
            "version": "smallint NOT NULL",
            "patient_id": "uuid NOT NULL",
            "session_id": "uuid NOT NULL",
            "phase": "text NOT NULL",
            "taken_at": "timestamptz NOT NULL",
            "systolic": "smallint NOT NULL",
            "diastolic": "smallint NOT NULL",
            "heart_rate": "smallint",
            "spo2": "smallint",
            "sedation": "smallint",
            "dissociation": "smallint",
            "entered_by": "uuid NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
            "superseded_revision": "integer",
        },
        key="id, version",
        refers={
            "entered_by": "users",
            "patient_id": "patients",
            "session_id": "treatment_sessions",
        },
        checks={
            "phase": "phase IN ('pre', 'during', 'post', 'discharge')",
            "diastolic": "diastolic BETWEEN 20 AND 200",
            "dissociation": "dissociation BETWEEN 0 AND 92",
            "heart_rate": "heart_rate BETWEEN 20 AND 300",
            "sedation": "sedation BETWEEN 0 AND 5",
            "spo2": "spo2 BETWEEN 30 AND 100",
            "systolic": "systolic BETWEEN 40 AND 300",
        },
        indexes={
            "ix_session_vitals_patient": "(clinic_id, patient_id, taken_at)",
            "ix_session_vitals_session": "(clinic_id, session_id, taken_at)",
        },
    ),
    # A screening for contraindications; the newest counts until it expires.
    Table(
        "screenings",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "screened_on": "date NOT NULL",
            "expires_on": "date NOT NULL",
            "contraindications": "text[] NOT NULL DEFAULT '{}'::text[]",
            "note": "bytea",  # encrypted
            "entered_by": "uuid NOT NULL",
            "entered_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={"entered_by": "users", "patient_id": "patients"},
        checks={"expires_after_screening": "expires_on >= screened_on"},
        indexes={"ix_screenings_patient": "(clinic_id, patient_id, screened_on)"},
    ),
    # What a clinician decided about dosing, going home or driving, and what the rules found then.
    Table(
        "session_decisions",
        app="SELECT, INSERT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "session_id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "outcome": "text NOT NULL",
            "reason": "bytea",  # encrypted
            "found": "jsonb NOT NULL",
            "decided_by": "uuid NOT NULL",
            "decided_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={
            "decided_by": "users",
            "patient_id": "patients",
            "session_id": "treatment_sessions",
        },
        checks={
            "kind": "kind IN ('clearance', 'discharge', 'driving_restriction')",
            "outcome": "outcome IN ('cleared', 'not_cleared', 'discharged', 'kept', 'acknowledged')",
        },
        indexes={"ix_session_decisions_session": "(clinic_id, session_id, decided_at)"},
    ),
    # What should come in after a session, and by when: a cache that the API rewrites. The worker
    # marks what did not come, and reads nothing else of a treatment.
    Table(
        "session_follow_ups",
        app="SELECT, INSERT, UPDATE, DELETE",
        worker="SELECT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "session_id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "opens_at": "timestamptz NOT NULL",
            "due_at": "timestamptz NOT NULL",
            "met_at": "timestamptz",
            "lapsed_at": "timestamptz",
        },
        key="patient_id, session_id, kind",
        refers={"patient_id": "patients", "session_id": "treatment_sessions"},
        checks={"kind": "kind IN ('follow_up', 'driving_lock')"},
        indexes={
            "ix_session_follow_ups_due": "(due_at) WHERE met_at IS NULL AND lapsed_at IS NULL"
        },
    ),
    # One version of one report of side effects.
    Table(
        "side_effect_reports",
        app="SELECT, INSERT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "id": "uuid NOT NULL",
            "root_id": "uuid NOT NULL",
            "version": "smallint NOT NULL",
            "superseded": "boolean NOT NULL DEFAULT false",
            "session_id": "uuid",
            "recorded_at": "timestamptz NOT NULL",
            "answered_at": "timestamptz NOT NULL",
            "received_at": "timestamptz NOT NULL",
            "timezone": "text",
            "zone": "text NOT NULL",
            "mood_day": "date NOT NULL",
            "effects": "jsonb NOT NULL",
            "systolic": "smallint",
            "diastolic": "smallint",
            "heart_rate": "smallint",
            "note": "bytea",  # encrypted
            "reason": "bytea",  # encrypted
            "flags": "text[] NOT NULL",
            "entered_by": "uuid",
            "family_id": "uuid",
            "revision": "integer NOT NULL",
        },
        key="patient_id, id",
        refers={
            "entered_by": "users",
            "family_id": "token_families",
            "patient_id": "patients",
            "session_id": "treatment_sessions",
        },
        checks={
            "whole_pressure": "(systolic IS NULL) = (diastolic IS NULL)",
            "diastolic": "diastolic BETWEEN 20 AND 200",
            "heart_rate": "heart_rate BETWEEN 20 AND 300",
            "systolic": "systolic BETWEEN 40 AND 300",
            "counts": "version >= 1",
        },
        indexes={
            "ix_side_effect_reports_newest": "(clinic_id, patient_id, recorded_at, id)",
            "uq_side_effect_reports_versions": "(clinic_id, patient_id, root_id, version)",
        },
    ),
    # Other treatment alongside, which the reader of a trend should know of.
    Table(
        "concomitant_treatments",
        app="SELECT, INSERT, UPDATE",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "name": "bytea NOT NULL",  # encrypted
            "kind": "text NOT NULL",
            "started_on": "date NOT NULL",
            "stopped_on": "date",
            "stopped_revision": "integer",
            "entered_by": "uuid NOT NULL",
            "entered_at": "timestamptz NOT NULL",
            "revision": "integer NOT NULL",
        },
        refers={"entered_by": "users", "patient_id": "patients"},
        checks={
            "kind": (
                "kind IN ('antidepressant', 'mood_stabiliser', 'antipsychotic', 'benzodiazepine',"
                " 'stimulant', 'psychotherapy', 'other')"
            ),
            "stops_after_start": "stopped_on >= started_on",
        },
        indexes={"ix_concomitant_treatments_patient": "(clinic_id, patient_id)"},
    ),
)

# What the caseload caches of treatment: it goes when treatment goes.
STATUS_COLUMNS = {
    "two_week_figures_at": "timestamptz",
    "daily_figures_at": "timestamptz",
    "non_response": "boolean NOT NULL DEFAULT false",
    "last_session_id": "uuid",
    "last_session_at": "timestamptz",
    "sessions_in_course": "smallint NOT NULL DEFAULT '0'",
    "next_session_id": "uuid",
    "next_session_at": "timestamptz",
    "wearing_off_on": "date",
    "maintenance_due_on": "date",
    "two_week_forecast": "jsonb NOT NULL DEFAULT '[]'::jsonb",
    "daily_forecast": "jsonb NOT NULL DEFAULT '[]'::jsonb",
}
# The session that an occurrence is about.
OCCURRENCE_COLUMNS = {"about_id": "uuid"}


def upgrade() -> None:
    """Make the tables, then the columns of earlier ones."""
    create_tables(TABLES)
    add_columns("patient_status", STATUS_COLUMNS)
    add_columns("alert_occurrences", OCCURRENCE_COLUMNS)


def downgrade() -> None:
    """Drop what is known of treatments.

    Their alerts stay, and so do the ids that were taken: a phone that sends one again must not make
    a second record.
    """
    drop_columns("alert_occurrences", OCCURRENCE_COLUMNS)
    drop_columns("patient_status", STATUS_COLUMNS)
    drop_tables(TABLES)
