"""One audit chain of all clinics, sealed by a role of its own; details apart from what is chained.

Why: an entry had its place in a clinic's chain when it was written, so that all reads of a clinic
queued for its end, and the application could write that end as it liked. Now it puts in rows and
nothing else; the sealer gives each a place, once; the details of a patient can be erased with
their key, and the chain still holds.

Not safe beside the previous version: it reads and writes columns that go away. Stop it first. The
role `interlude_sealer` is made by `db roles`, before this. What was recorded until now stays, and
gets its place in the new chain from the first seal.

Revision ID: 0018
Revises: 0017
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from alembic import op

from migrations.tables import Table, create_tables, drop_tables

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ADDED = {
    "id": "uuid",
    "about_ids": "uuid[]",
    "detail_mac": "bytea",
    "sealed_at": "timestamptz",
    "signature": "bytea",
}
PUT_IN = "clinic_id, id, at, actor_id, action, patient_id, object_id, about_ids, detail_mac"
SEALED = "seq, hash, sealed_at, signature"
INDEXES = {
    "ix_audit_entries_unsealed": "(at, id) WHERE seq IS NULL",
    "ix_audit_entries_clinic_id_patient_id": "(clinic_id, patient_id, at, id)",
    "ix_audit_entries_clinic_id_actor_id": "(clinic_id, actor_id, at, id)",
    "ix_audit_entries_about_ids": "USING gin (about_ids)",
}

TABLES = (
    Table(
        "audit_details",
        app="SELECT, INSERT",
        columns={"entry_id": "uuid NOT NULL", "detail": "jsonb NOT NULL"},
        key="entry_id",
        refers={"entry_id": "audit_entries"},
    ),
    Table(
        "audit_keys",
        app="SELECT, INSERT",
        columns={"subject_id": "uuid NOT NULL", "key": "bytea NOT NULL"},
        key="subject_id",
        refers={"clinic_id": "clinics"},
    ),
)
HEADS = (
    Table(
        "audit_heads",
        app="SELECT, INSERT, UPDATE",
        columns={"seq": "integer NOT NULL DEFAULT 0", "hash": "bytea NOT NULL"},
        key="",
        refers={"clinic_id": "clinics"},
    ),
)
# The sealer sees the rows of all clinics and changes those alone that have no place yet.
POLICIES = (
    "CREATE POLICY sealer_reads ON audit_entries FOR SELECT TO interlude_sealer USING (true)",
    "CREATE POLICY sealer_seals ON audit_entries FOR UPDATE TO interlude_sealer"
    " USING (seq IS NULL) WITH CHECK (seq IS NOT NULL)",
)


def upgrade() -> None:
    """Take the places away, move the details, and let the sealer in."""
    _each(
        "ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY",
        "ALTER TABLE audit_entries "
        + ", ".join(f"ADD COLUMN {name} {kind}" for name, kind in ADDED.items()),
        "ALTER TABLE audit_entries DROP CONSTRAINT pk_audit_entries,"
        " ALTER COLUMN seq DROP NOT NULL, ALTER COLUMN seq TYPE bigint,"
        " ALTER COLUMN hash DROP NOT NULL",
        "UPDATE audit_entries SET id = gen_random_uuid(), seq = NULL, hash = NULL",
        "ALTER TABLE audit_entries ALTER COLUMN id SET NOT NULL,"
        " ADD CONSTRAINT pk_audit_entries PRIMARY KEY (clinic_id, id),"
        " ADD CONSTRAINT uq_audit_entries_seq UNIQUE (seq)",
    )
    create_tables(TABLES)
    _with_owner_seeing(_move_details)
    _each(
        "ALTER TABLE audit_entries DROP COLUMN detail, FORCE ROW LEVEL SECURITY",
        *(f"CREATE INDEX {name} ON audit_entries {what}" for name, what in INDEXES.items()),
        "REVOKE INSERT ON audit_entries FROM interlude_app",
        f"GRANT INSERT ({PUT_IN}) ON audit_entries TO interlude_app",
        f"GRANT SELECT, UPDATE ({SEALED}) ON audit_entries TO interlude_sealer",
        *POLICIES,
        "DO $$ BEGIN EXECUTE format('GRANT CONNECT ON DATABASE %I TO interlude_sealer',"
        " current_database()); END $$",
    )
    drop_tables(HEADS)


def downgrade() -> None:
    """A chain for each clinic again, over what is recorded, in the order in which it was."""
    create_tables(HEADS)
    _each(
        "DROP POLICY sealer_seals ON audit_entries",
        "DROP POLICY sealer_reads ON audit_entries",
        f"REVOKE SELECT, UPDATE ({SEALED}) ON audit_entries FROM interlude_sealer",
        f"REVOKE INSERT ({PUT_IN}) ON audit_entries FROM interlude_app",
        "GRANT INSERT ON audit_entries TO interlude_app",
        *(f"DROP INDEX {name}" for name in INDEXES),
        "ALTER TABLE audit_entries NO FORCE ROW LEVEL SECURITY,"
        " ADD COLUMN detail jsonb NOT NULL DEFAULT '{}'::jsonb,"
        " DROP CONSTRAINT uq_audit_entries_seq",
    )
    _with_owner_seeing(_chain_each_clinic)
    _each(
        "ALTER TABLE audit_entries DROP CONSTRAINT pk_audit_entries CASCADE,"
        " ALTER COLUMN seq TYPE integer, ALTER COLUMN seq SET NOT NULL,"
        " ALTER COLUMN hash SET NOT NULL, ADD CONSTRAINT pk_audit_entries PRIMARY KEY"
        " (clinic_id, seq)",
        "ALTER TABLE audit_entries " + ", ".join(f"DROP COLUMN {name}" for name in ADDED),
        "ALTER TABLE audit_entries FORCE ROW LEVEL SECURITY",
    )
    drop_tables(TABLES)


def _each(*statements: str) -> None:
    for statement in statements:
        op.execute(statement)


def _with_owner_seeing(change: Any) -> None:
    """Row-level security is forced: without this the owner sees no row of the new tables."""
    forced = [table.name for table in (*TABLES, *HEADS)]
    present = [
        name for name in forced if op.get_bind().scalar(sa.text(f"SELECT to_regclass('{name}')"))
    ]
    _each(*(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY" for name in present))
    change(op.get_bind())
    _each(*(f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY" for name in present))


def _move_details(bind: sa.Connection) -> None:
    keys: dict[tuple[UUID, UUID], bytes] = {}
    found = bind.execute(
        sa.text(
            "SELECT clinic_id, id, coalesce(patient_id, clinic_id) AS subject_id, detail"
            " FROM audit_entries WHERE detail <> '{}'::jsonb"
        )
    ).all()
    for row in found:
        subject = (row.clinic_id, row.subject_id)
        keys.setdefault(subject, secrets.token_bytes(32))
        mac = hmac.new(keys[subject], _canonical(row.detail), hashlib.sha256).digest()
        values = {"clinic": row.clinic_id, "id": row.id, "mac": mac}
        bind.execute(
            sa.text(
                "UPDATE audit_entries SET detail_mac = :mac WHERE clinic_id = :clinic AND id = :id"
            ),
            values,
        )
        bind.execute(
            sa.text(
                "INSERT INTO audit_details SELECT clinic_id, id, detail FROM audit_entries"
                " WHERE clinic_id = :clinic AND id = :id"
            ),
            {"clinic": row.clinic_id, "id": row.id},
        )
    for (clinic_id, subject_id), key in keys.items():
        bind.execute(
            sa.text("INSERT INTO audit_keys VALUES (:clinic, :subject, :key)"),
            {"clinic": clinic_id, "subject": subject_id, "key": key},
        )


def _chain_each_clinic(bind: sa.Connection) -> None:
    bind.execute(
        sa.text(
            "UPDATE audit_entries e SET detail = d.detail FROM audit_details d"
            " WHERE d.clinic_id = e.clinic_id AND d.entry_id = e.id"
        )
    )
    heads = {
        clinic_id: (0, hashlib.sha256(clinic_id.bytes).digest())
        for clinic_id in bind.scalars(sa.text("SELECT DISTINCT clinic_id FROM audit_entries"))
    }
    rows = bind.execute(
        sa.text(
            "SELECT clinic_id, id, at, actor_id, action, patient_id, object_id, detail"
            " FROM audit_entries ORDER BY seq NULLS LAST, at, id"
        )
    ).mappings()
    for row in rows.all():
        seq, before = heads[row["clinic_id"]]
        entry = {name: value for name, value in row.items() if name != "id"} | {"seq": seq + 1}
        content = {name: _plain(value) for name, value in entry.items()}
        after = hashlib.sha256(before + _canonical(content)).digest()
        heads[row["clinic_id"]] = (seq + 1, after)
        bind.execute(
            sa.text(
                "UPDATE audit_entries SET seq = :seq, hash = :hash"
                " WHERE clinic_id = :clinic AND id = :id"
            ),
            {"seq": seq + 1, "hash": after, "clinic": row["clinic_id"], "id": row["id"]},
        )
    for clinic_id, (seq, end) in heads.items():
        bind.execute(
            sa.text("INSERT INTO audit_heads VALUES (:clinic, :seq, :hash)"),
            {"clinic": clinic_id, "seq": seq, "hash": end},
        )


def _canonical(content: Any) -> bytes:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds")
    return str(value) if isinstance(value, UUID) else value
