"""Clinics, people and their log-ins; row-level security, grants and the door.

Why: the first tables. Row-level security holds from here on: a forgotten WHERE shows nothing.
The roles belong to the whole server and are made by `db roles`; a migration only grants.

Revision ID: 0001
Revises:
"""

from __future__ import annotations

from alembic import op

from migrations.tables import (
    DoorFunction,
    Table,
    create_door_functions,
    create_tables,
    drop_door_functions,
    drop_tables,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    # The tenant to which every other row belongs.
    Table(
        "clinics",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT",
        door="SELECT",
        rows="clinics",
        columns={
            "id": "uuid NOT NULL",
            "name": "text NOT NULL",
            "timezone": "text NOT NULL",
            "country": "text NOT NULL",
            "phone": "text",
            "staffed": "jsonb NOT NULL DEFAULT '[]'::jsonb",
            "holidays": "jsonb NOT NULL DEFAULT '[]'::jsonb",
            "monitoring_text": "text",
            "cssrs_texts": "jsonb NOT NULL DEFAULT '{}'::jsonb",
            "second_factor": "text NOT NULL DEFAULT 'optional'",
            "ladder": "jsonb NOT NULL",
            "created_at": "timestamptz NOT NULL",
        },
        checks={"second_factor": "second_factor IN ('off', 'optional', 'required')"},
    ),
    # The end of each clinic's hash chain: locked last, by whatever appends to it.
    Table(
        "audit_heads",
        app="SELECT, INSERT, UPDATE",
        columns={
            "seq": "integer NOT NULL DEFAULT 0",
            "hash": "bytea NOT NULL",
        },
        key="",
        refers={"clinic_id": "clinics"},
    ),
    # Who read or changed what, without clinical content. Nobody may change or remove an entry.
    Table(
        "audit_entries",
        app="SELECT, INSERT",
        columns={
            "seq": "integer NOT NULL",
            "at": "timestamptz NOT NULL",
            "actor_id": "uuid",
            "action": "text NOT NULL",
            "patient_id": "uuid",
            "object_id": "uuid",
            "detail": "jsonb NOT NULL DEFAULT '{}'::jsonb",
            "hash": "bytea NOT NULL",
        },
        key="seq",
        refers={"clinic_id": "clinics"},
    ),
    # Staff and patients' accounts. The worker mails them: it reads the address and no password
    # hash.
    Table(
        "users",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT (clinic_id, id, email, name, roles, timezone, active, created_at)",
        door="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "email": "bytea NOT NULL",  # encrypted
            "email_digest": "bytea NOT NULL",
            "name": "text NOT NULL",
            "roles": "text[] NOT NULL",
            "timezone": "text NOT NULL",
            "password_hash": "text",
            "active": "boolean NOT NULL DEFAULT true",
            "epoch": "integer NOT NULL DEFAULT 0",
            "needs_invitation": "boolean NOT NULL DEFAULT false",
            "created_at": "timestamptz NOT NULL",
        },
        unique=("email_digest",),
        refers={"clinic_id": "clinics"},
        checks={
            "patient_stands_alone": "NOT ('patient' = ANY(roles) AND cardinality(roles) > 1)",
            "roles_known": (
                "roles <@ ARRAY['patient','clinician','on_call','admin']::text[]"
                " AND cardinality(roles) > 0"
            ),
        },
        indexes={"ix_users_clinic_id_created_at": "(clinic_id, created_at, id)"},
    ),
    # Failed log-ins by keyed digest of an address: read before anybody knows the clinic, so
    # unprotected.
    Table(
        "login_delays",
        app="SELECT, INSERT, UPDATE, DELETE",
        rows="unprotected",
        columns={
            "key_digest": "bytea NOT NULL",
            "failures": "integer NOT NULL",
            "last_failure_at": "timestamptz NOT NULL",
            "not_before_at": "timestamptz NOT NULL",
        },
        key="key_digest",
    ),
    # One log-in of one device.
    Table(
        "token_families",
        app="SELECT, INSERT, UPDATE",
        door="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "lifetime_s": "integer NOT NULL",
            "started_at": "timestamptz NOT NULL",
            "last_used_at": "timestamptz NOT NULL",
            "revoked_at": "timestamptz",
            "revoked_reason": "text",
        },
        refers={"user_id": "users"},
        indexes={"ix_token_families_clinic_id_user_id": "(clinic_id, user_id)"},
    ),
    # Access and refresh tokens of a log-in; each refresh makes the next pair.
    Table(
        "token_pairs",
        app="SELECT, INSERT, UPDATE, DELETE",
        columns={
            "id": "uuid NOT NULL",
            "family_id": "uuid NOT NULL",
            "issued_at": "timestamptz NOT NULL",
            "used_at": "timestamptz",
            "spent_at": "timestamptz",
            "voided_at": "timestamptz",
            "successor_id": "uuid",
        },
        refers={"family_id": "token_families", "successor_id": "token_pairs"},
        checks={"void_unused": "NOT (used_at IS NOT NULL AND voided_at IS NOT NULL)"},
        indexes={"ix_token_pairs_clinic_id_family_id": "(clinic_id, family_id)"},
    ),
    # The code that turns an account into a log-in, once.
    Table(
        "invitations",
        app="SELECT, INSERT, UPDATE",
        door="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "code_digest": "bytea NOT NULL",
            "invited_by": "uuid",
            "ends_old_devices": "boolean NOT NULL DEFAULT false",
            "created_at": "timestamptz NOT NULL",
            "expires_at": "timestamptz NOT NULL",
            "accepted_at": "timestamptz",
            "device_digest": "bytea",
            "family_id": "uuid",
        },
        unique=("code_digest",),
        refers={"family_id": "token_families", "invited_by": "users", "user_id": "users"},
        indexes={"ix_invitations_clinic_id_user_id": "(clinic_id, user_id)"},
    ),
    # Written for every address alike by a request that never looks it up. Only the worker reads it.
    Table(
        "password_reset_requests",
        app="INSERT",
        worker="SELECT, UPDATE, DELETE",
        rows="write_only",
        columns={
            "id": "uuid NOT NULL",
            "email_digest": "bytea NOT NULL",
            "asked_at": "timestamptz NOT NULL",
        },
    ),
    # The newest code of an account, as digests. The worker makes it; the API may tell that a code is
    # good and use it up.
    Table(
        "password_resets",
        app="SELECT (clinic_id, user_id, expires_at, used_at, code_digest, credentials_digest),"
        " UPDATE (used_at)",
        worker="SELECT (clinic_id, user_id, asked_at, used_at), INSERT, UPDATE",
        door="SELECT",
        columns={
            "user_id": "uuid NOT NULL",
            "asked_at": "timestamptz NOT NULL",
            "expires_at": "timestamptz NOT NULL",
            "used_at": "timestamptz",
            "code_digest": "bytea NOT NULL",
            "credentials_digest": "bytea NOT NULL",
        },
        key="user_id",
        unique=("code_digest",),
        refers={"user_id": "users"},
    ),
    # The worker reads what shows that a patient fell silent: no name, address or record number.
    Table(
        "patients",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT (clinic_id, id, user_id, timezone, status, paused_until, risk_at_intake,"
        " created_at, accepted_at)",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid",
            "name": "text NOT NULL",
            "timezone": "text NOT NULL",
            "former_zones": "jsonb NOT NULL DEFAULT '[]'::jsonb",
            "phone": "bytea",  # encrypted
            "address": "bytea",  # encrypted
            "emergency_contact": "bytea",  # encrypted
            "born_on": "date",
            "mrn": "text",
            "indications": "text[] NOT NULL DEFAULT '{}'::text[]",
            "former_indications": "jsonb NOT NULL DEFAULT '[]'::jsonb",
            "risk_at_intake": "boolean NOT NULL DEFAULT false",
            "status": "text NOT NULL DEFAULT 'active'",
            "status_reason": "bytea",  # encrypted
            "paused_until": "date",
            "created_at": "timestamptz NOT NULL",
            "accepted_at": "timestamptz",
        },
        unique=("user_id",),
        refers={"user_id": "users", "clinic_id": "clinics"},
        checks={
            "pause_has_an_end": "(status = 'paused') = (paused_until IS NOT NULL)",
            "status": "status IN ('active', 'paused', 'discharged')",
        },
        indexes={
            "ix_patients_clinic_id_created_at": "(clinic_id, created_at, id)",
            "uq_patients_clinic_id_mrn": "(clinic_id, mrn)",
        },
    ),
    # Who treats a patient, and so gets the morning mail about them.
    Table(
        "care_team_members",
        app="SELECT, INSERT, DELETE",
        worker="SELECT",
        columns={
            "patient_id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
        },
        key="patient_id, user_id",
        refers={"patient_id": "patients", "user_id": "users"},
        indexes={"ix_care_team_members_user_id": "(user_id)"},
    ),
    # Days on which nothing is due. A pause that ends early keeps what was planned, for earlier
    # reports.
    Table(
        "patient_pauses",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT",
        columns={
            "id": "uuid NOT NULL",
            "patient_id": "uuid NOT NULL",
            "from_on": "date NOT NULL",
            "to_on": "date NOT NULL",
            "revision": "integer NOT NULL",
            "ended_on": "date",
            "ended_revision": "integer",
        },
        refers={"patient_id": "patients"},
        indexes={"ix_patient_pauses_clinic_id_patient_id": "(clinic_id, patient_id)"},
    ),
    # The lock of every clinical write, and a cache that equals a full recompute. The worker locks
    # it, and counts the alerts that it opens itself as revisions.
    Table(
        "patient_status",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT, UPDATE",
        columns={
            "patient_id": "uuid NOT NULL",
            "revision": "integer NOT NULL DEFAULT 0",
            "last_check_in_at": "timestamptz",
            "last_item9_on": "date",
            "last_cssrs_on": "date",
            "item9_positive_at": "timestamptz",
            "cssrs_moderate_at": "timestamptz",
            "last_item9": "integer",
            "baseline": "double precision",
            "current": "double precision",
            "trend_status": "text",
            "daily_m7": "double precision",
            "daily_slope": "double precision",
        },
        key="patient_id",
        refers={"patient_id": "patients"},
    ),
)

# Before a log-in nobody knows the clinic. These functions find it and tell nothing else; what
# follows runs under row-level security like everything.
DOOR_FUNCTIONS = (
    DoorFunction(
        "door_account(digest bytea)",
        callers="interlude_app",
        returns="clinic_id uuid, user_id uuid",
        query="SELECT u.clinic_id, u.id FROM public.users u WHERE u.email_digest = digest",
    ),
    DoorFunction(
        "door_invitation(digest bytea)",
        callers="interlude_app",
        returns="clinic_id uuid, invitation_id uuid",
        query="SELECT i.clinic_id, i.id FROM public.invitations i WHERE i.code_digest = digest",
    ),
    DoorFunction(
        "door_clinics()",
        callers="interlude_app",
        returns="clinic_id uuid",
        query="SELECT c.id FROM public.clinics c ORDER BY c.id",
    ),
    DoorFunction(
        "door_password_reset(digest bytea)",
        callers="interlude_app",
        returns="clinic_id uuid, user_id uuid",
        query="SELECT r.clinic_id, r.user_id FROM public.password_resets r"
        " WHERE r.code_digest = digest",
    ),
    # An active account with a password, and what a code for it may replace: a digest, as the
    # worker reads no password hash.
    DoorFunction(
        "door_forgotten_password(digest bytea)",
        callers="interlude_worker",
        returns="clinic_id uuid, user_id uuid, credentials_digest bytea",
        query="SELECT u.clinic_id, u.id,"
        " sha256(convert_to(u.epoch || ' ' || u.password_hash, 'UTF8')) FROM public.users u"
        " WHERE u.email_digest = digest AND u.active AND u.password_hash IS NOT NULL",
    ),
)

# `/readyz` compares the revision.
REVISION_READERS = "interlude_app, interlude_worker, interlude_auditor"


def upgrade() -> None:
    """Make the tables, then what looks into them before a log-in."""
    create_tables(TABLES)
    create_door_functions(DOOR_FUNCTIONS)
    op.execute(f"GRANT SELECT ON alembic_version TO {REVISION_READERS}")


def downgrade() -> None:
    """Drop everything, with everybody's data; Alembic keeps its own table."""
    op.execute(f"REVOKE SELECT ON alembic_version FROM {REVISION_READERS}")  # noqa: S608 - no input
    drop_door_functions(DOOR_FUNCTIONS)
    drop_tables(TABLES)
