"""A request to erase a patient can be taken back, and is never confirmed from then on.

Why: a request by mistake, or of a patient who changed their mind, waited for ever, one press away
from a second administrator who does not know.

Safe beside the previous version, to which such a request seems to wait still: the database refuses
its confirmation. Going back takes what was taken back out of the list.

Revision ID: 0052
Revises: 0051
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

COLUMNS = {
    "withdrawn_by": "uuid",
    "withdrawn_at": "timestamptz",
}
WAITS = "erased_at IS NULL AND withdrawn_at IS NULL"
ONE_OPEN = "uq_erasures_one_open_a_patient"


def upgrade() -> None:
    """Add who took it back, and when; the reason goes with it."""
    add_columns("erasures", COLUMNS)
    op.execute(
        "ALTER TABLE erasures"
        " ADD CONSTRAINT fk_erasures_clinic_id_withdrawn_by_users FOREIGN KEY (clinic_id, withdrawn_by)"
        " REFERENCES users (clinic_id, id),"
        " ADD CONSTRAINT ck_erasures_not_both"
        " CHECK (withdrawn_at IS NULL OR (confirmed_at IS NULL AND erased_at IS NULL)),"
        " DROP CONSTRAINT ck_erasures_reason_goes,"
        f" ADD CONSTRAINT ck_erasures_reason_goes CHECK (({WAITS}) = (reason IS NOT NULL))"
    )
    op.execute("GRANT UPDATE (withdrawn_by, withdrawn_at) ON erasures TO interlude_app")
    _one_open(WAITS)


def downgrade() -> None:
    """Forget what was taken back: to the version before it would wait without a reason."""
    op.execute("ALTER TABLE erasures NO FORCE ROW LEVEL SECURITY")
    op.execute("DELETE FROM erasures WHERE withdrawn_at IS NOT NULL")
    op.execute("ALTER TABLE erasures FORCE ROW LEVEL SECURITY")
    op.execute(
        "ALTER TABLE erasures DROP CONSTRAINT ck_erasures_not_both,"
        " DROP CONSTRAINT ck_erasures_reason_goes,"
        " ADD CONSTRAINT ck_erasures_reason_goes"
        " CHECK ((erased_at IS NULL) = (reason IS NOT NULL))"
    )
    op.execute(f"DROP INDEX {ONE_OPEN}")
    drop_columns("erasures", COLUMNS)
    op.execute(
        f"CREATE UNIQUE INDEX {ONE_OPEN} ON erasures (clinic_id, patient_id) WHERE erased_at IS NULL"
    )


def _one_open(which: str) -> None:
    op.execute(f"DROP INDEX {ONE_OPEN}")
    op.execute(f"CREATE UNIQUE INDEX {ONE_OPEN} ON erasures (clinic_id, patient_id) WHERE {which}")
