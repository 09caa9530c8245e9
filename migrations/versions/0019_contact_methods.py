"""Contact methods of one person, and pages to a person by any of them.

Why: the chain knew addresses of the clinic only. A page now goes to a contact, or to a person: by
one of their methods, or to the mail address of their account.

Safe beside the previous version, whose workers claim mail and webhooks only and send what goes to a
person to the account's address.

Revision ID: 0019
Revises: 0018
"""

from __future__ import annotations

from alembic import op

from migrations.tables import Table, add_columns, create_tables, drop_columns, drop_tables

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

TABLES = (
    Table(
        "contact_methods",
        app="SELECT, INSERT, UPDATE",
        worker="SELECT, UPDATE (confirmed_at, failing_since, failing_reason)",
        columns={
            "id": "uuid NOT NULL",
            "user_id": "uuid NOT NULL",
            "kind": "text NOT NULL",
            "address": "bytea NOT NULL",  # encrypted
            "shown": "text NOT NULL",
            "signing_secret": "bytea",  # encrypted
            "active": "boolean NOT NULL DEFAULT true",
            "created_at": "timestamptz NOT NULL",
            "code_digest": "bytea",
            "code_expires_at": "timestamptz",
            "code_tries": "smallint NOT NULL DEFAULT 0",
            "verified_at": "timestamptz",
            "confirmed_at": "timestamptz",
            "failing_since": "timestamptz",
            "failing_reason": "text",
        },
        refers={"user_id": "users"},
        checks={
            "kind": "kind IN ('email', 'sms', 'webhook', 'webpush', 'apprise')",
            "code_expires": "(code_digest IS NULL) = (code_expires_at IS NULL)",
            "fails_for_a_reason": "(failing_since IS NULL) = (failing_reason IS NULL)",
        },
        indexes={"ix_contact_methods_clinic_id_user_id": "(clinic_id, user_id)"},
    ),
)
ADDED = {"method_id": "uuid"}
NOW = {
    "channel": "channel IN ('email', 'sms', 'webhook', 'webpush', 'apprise')",
    "letter_goes_to_an_account": (
        "kind <> 'letter' OR (user_id IS NOT NULL AND (channel = 'email' OR method_id IS NOT NULL))"
    ),
}
BEFORE = {
    "channel": "channel IN ('email', 'webhook')",
    "letter_goes_to_an_account": "kind <> 'letter' OR (user_id IS NOT NULL AND channel = 'email')",
}
TO_PEOPLE = "kind IN ('page', 'stand_down') AND user_id IS NOT NULL"

GONE = f"method_id IS NOT NULL OR ({TO_PEOPLE})"
FORGET = (
    "DELETE FROM notification_attempts a USING notifications n"  # noqa: S608 - words of ours
    f" WHERE n.clinic_id = a.clinic_id AND n.id = a.notification_id AND ({GONE})",
    f"DELETE FROM notifications WHERE {GONE}",  # noqa: S608 - the same
)


def upgrade() -> None:
    """Make the table, and let a notification name a method."""
    create_tables(TABLES)
    add_columns("notifications", ADDED)
    op.execute(
        "ALTER TABLE notifications"
        " ADD CONSTRAINT fk_notifications_clinic_id_method_id_contact_methods"
        " FOREIGN KEY (clinic_id, method_id) REFERENCES contact_methods (clinic_id, id),"
        " ADD CONSTRAINT ck_notifications_method_of_a_person"
        " CHECK (method_id IS NULL OR user_id IS NOT NULL)"
    )
    _constrain(NOW)
    op.execute(
        "CREATE UNIQUE INDEX uq_notifications_page_to_a_person ON notifications"
        " (clinic_id, alert_id, page_round, page_step, user_id, method_id)"
        f" NULLS NOT DISTINCT WHERE {TO_PEOPLE}"
    )
    op.execute("GRANT SELECT (method_id), INSERT (method_id) ON notifications TO interlude_app")


def downgrade() -> None:
    """Take it back, with everything that was sent by a method, and pages to people."""
    for table in ("notification_attempts", "notifications"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    for statement in FORGET:
        op.execute(statement)
    for table in ("notification_attempts", "notifications"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute("DROP INDEX uq_notifications_page_to_a_person")
    _constrain(BEFORE)
    op.execute("ALTER TABLE notifications DROP CONSTRAINT ck_notifications_method_of_a_person")
    drop_columns("notifications", ADDED)
    drop_tables(TABLES)


def _constrain(checks: dict[str, str]) -> None:
    for name, test in checks.items():
        op.execute(
            f"ALTER TABLE notifications DROP CONSTRAINT ck_notifications_{name},"
            f" ADD CONSTRAINT ck_notifications_{name} CHECK ({test})"
        )
