"""Let the API say whether every page got out, without letting it see another clinic.

Why: `/safetyz` and `/metrics` speak of the whole service, and the application's role sees one
clinic's rows. Four functions of the door answer with counts and instants by severity, and
nothing else; the door may read no other column. `/readyz` compares the revision.

Safe beside the previous version: it only adds.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

DOOR_READS = {
    "notifications": "clinic_id, alert_id, kind, page_round, severity, state, attempts,"
    " created_at, due_at",
    "alerts": "clinic_id, id, family, severity, ladder_severity, status, triggered_at, next_at",
}

# A page waits from when it was made; a morning mail that nobody has tried yet from when it is due.
# One that failed for good counts until somebody acknowledges, or a page of the same or a later
# round of that alert was sent.
UNSENT = """
SELECT n.severity, count(*), min(n.since) FROM (
  SELECT w.severity,
    CASE WHEN w.kind = 'digest' AND w.attempts = 0 THEN w.due_at ELSE w.created_at END AS since
  FROM public.notifications w
  WHERE w.state IN ('pending', 'sending', 'failed_temporarily')
  UNION ALL
  SELECT f.severity, f.created_at
  FROM public.alerts a
  JOIN public.notifications f ON f.clinic_id = a.clinic_id AND f.alert_id = a.id
  WHERE a.status <> 'resolved' AND a.status = 'triggered' AND f.state = 'failed_permanently'
  AND NOT EXISTS (
    SELECT FROM public.notifications s
    WHERE s.clinic_id = f.clinic_id AND s.alert_id = f.alert_id
    AND s.page_round >= f.page_round AND s.state IN ('sent', 'delivered')
  )
) n WHERE n.since <= as_of GROUP BY n.severity
"""
ALERTS = """
SELECT a.severity, a.family, a.status, count(*), min(a.triggered_at),
  min(a.next_at) FILTER (WHERE a.ladder_severity = 'critical')
FROM public.alerts a GROUP BY a.severity, a.family, a.status
"""
OPEN_ALERTS = ALERTS.replace(" GROUP BY", " WHERE a.status <> 'resolved' GROUP BY")
PAGES = "SELECT n.severity, n.state, count(*) FROM public.notifications n GROUP BY 1, 2"

ALERT_ROW = (
    "TABLE (severity text, family text, status text, alerts bigint, oldest_at timestamptz,"
    " critical_step_due_at timestamptz)"
)
DOOR_FUNCTIONS = {
    "door_unsent(as_of timestamptz)": (
        UNSENT,
        "TABLE (severity text, pages bigint, oldest_at timestamptz)",
    ),
    "door_open_alerts()": (OPEN_ALERTS, ALERT_ROW),
    "door_alerts()": (ALERTS, ALERT_ROW),
    "door_pages()": (PAGES, "TABLE (severity text, state text, pages bigint)"),
}
READERS = "interlude_app, interlude_worker, interlude_auditor"


def upgrade() -> None:
    """Make the functions, and show the revision."""
    op.execute(f"GRANT SELECT ON alembic_version TO {READERS}")
    op.execute("GRANT CREATE ON SCHEMA public TO interlude_door")
    for table, columns in DOOR_READS.items():
        op.execute(f"GRANT SELECT ({columns}) ON {table} TO interlude_door")
        op.execute(f"CREATE POLICY door ON {table} FOR SELECT TO interlude_door USING (true)")
    for signature, (query, result) in DOOR_FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {signature} RETURNS {result} LANGUAGE sql STABLE SECURITY DEFINER"
            f" SET search_path = pg_catalog AS $$ {query} $$"
        )
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
        op.execute(f"GRANT EXECUTE ON FUNCTION {signature} TO {READERS}")
        op.execute(f"ALTER FUNCTION {signature} OWNER TO interlude_door")
    op.execute("REVOKE CREATE ON SCHEMA public FROM interlude_door")


def downgrade() -> None:
    """Take all of it back; no data is lost."""
    for signature in DOOR_FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
    for table, columns in DOOR_READS.items():
        op.execute(f"DROP POLICY door ON {table}")
        revoked = f"SELECT ({columns}) ON {table}"
        op.execute(f"REVOKE {revoked} FROM interlude_door")
    op.execute(f"REVOKE SELECT ON alembic_version FROM {READERS}")  # noqa: S608 - no input
