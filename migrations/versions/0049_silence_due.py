"""When the monitor of silence has to look at each patient again.

Why: every worker joined all followed patients each minute to find the silent. The status row now
says from when on one is worth a look, and an index finds those. The monitor moves it on by the
rule; PostgreSQL sets it back to 1970, which is at once, when something is written that could bring
the report nearer, whoever writes it: risk, an earlier answer or the first one, another zone or
account, the end of a pause, of a discharge or of a withdrawal.

Safe beside the previous version, which looks at everybody: until a worker of this one has looked,
everybody is due.

Revision ID: 0049
Revises: 0048
"""

from __future__ import annotations

from alembic import op

from migrations.tables import add_columns, drop_columns

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

COLUMNS = {"silence_due_at": "timestamptz DEFAULT 'epoch'"}
INDEX = """
CREATE INDEX ix_patient_status_silence_due ON patient_status
(silence_due_at, clinic_id, patient_id) WHERE silence_due_at IS NOT NULL
"""
GRANT = "SELECT (silence_due_at), UPDATE (silence_due_at) ON patient_status"
OWN_ROW = """
CREATE FUNCTION look_for_silence() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  NEW.silence_due_at := 'epoch';
  RETURN NEW;
END $$
"""
# Whoever writes these holds the status row already.
OTHER_ROW = """
CREATE FUNCTION look_for_silence_of() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
  IF TG_TABLE_NAME = 'patients' THEN
    UPDATE public.patient_status SET silence_due_at = 'epoch'
    WHERE clinic_id = NEW.clinic_id AND patient_id = NEW.id;
  ELSE
    UPDATE public.patient_status SET silence_due_at = 'epoch'
    WHERE clinic_id = NEW.clinic_id AND patient_id = NEW.patient_id;
  END IF;
  RETURN NULL;
END $$
"""
LAST_BEFORE = "greatest(OLD.last_item9_on, OLD.last_cssrs_on)"
LAST = "greatest(NEW.last_item9_on, NEW.last_cssrs_on)"
TRIGGERS = {
    "patient_status": f"""
CREATE TRIGGER look_for_silence
BEFORE UPDATE OF last_item9_on, last_cssrs_on, item9_positive_at, cssrs_moderate_at
ON patient_status FOR EACH ROW WHEN (
  OLD.item9_positive_at IS DISTINCT FROM NEW.item9_positive_at
  OR OLD.cssrs_moderate_at IS DISTINCT FROM NEW.cssrs_moderate_at
  OR {LAST} IS DISTINCT FROM {LAST_BEFORE} AND (
    NEW.silence_due_at IS NULL OR {LAST_BEFORE} IS NULL OR {LAST} IS NULL
    OR {LAST} < {LAST_BEFORE}
  )
) EXECUTE FUNCTION look_for_silence()
""",
    "patients": """
CREATE TRIGGER look_for_silence
AFTER UPDATE OF user_id, timezone, status, consent_withdrawn_at, risk_at_intake
ON patients FOR EACH ROW WHEN (
  OLD.user_id IS DISTINCT FROM NEW.user_id
  OR OLD.timezone <> NEW.timezone
  OR OLD.status <> NEW.status
  OR OLD.consent_withdrawn_at IS DISTINCT FROM NEW.consent_withdrawn_at
  OR OLD.risk_at_intake <> NEW.risk_at_intake
) EXECUTE FUNCTION look_for_silence_of()
""",
    "patient_pauses": """
CREATE TRIGGER look_for_silence AFTER UPDATE ON patient_pauses
FOR EACH ROW EXECUTE FUNCTION look_for_silence_of()
""",
}


def upgrade() -> None:
    """Add the column, its index, and what sets it back."""
    add_columns("patient_status", COLUMNS)
    op.execute(INDEX)
    op.execute(f"GRANT {GRANT} TO interlude_worker")
    op.execute(OWN_ROW)
    op.execute(OTHER_ROW)
    for trigger in TRIGGERS.values():
        op.execute(trigger)


def downgrade() -> None:
    """Look at everybody again."""
    for table in TRIGGERS:
        op.execute(f"DROP TRIGGER look_for_silence ON {table}")
    op.execute("DROP FUNCTION look_for_silence_of()")
    op.execute("DROP FUNCTION look_for_silence()")
    op.execute(f"REVOKE {GRANT} FROM interlude_worker")
    op.execute("DROP INDEX ix_patient_status_silence_due")
    drop_columns("patient_status", COLUMNS)
