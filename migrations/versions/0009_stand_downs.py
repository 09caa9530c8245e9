"""Stand-downs: a mail to whoever was paged, once somebody else has taken or ended the alert.

Why: nobody heard that somebody else had it. They are no pages: what counts those leaves them out.

Safe beside the previous version, whose workers claim none of them.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

from alembic import op

from migrations.tables import DoorFunction, create_door_functions, drop_door_functions

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

READERS = "interlude_app, interlude_worker, interlude_auditor"


# As in migration 0002, but for what counts as a page.
UNSENT = """
SELECT n.severity, count(*), min(n.since) FROM (
  SELECT w.severity,
    CASE WHEN w.kind = 'digest' AND w.attempts = 0 THEN w.due_at ELSE w.created_at END AS since
  FROM public.notifications w
  WHERE w.kind PAGES AND w.state IN ('pending', 'sending', 'failed_temporarily')
  UNION ALL
  SELECT f.severity, f.created_at
  FROM public.alerts a
  JOIN public.notifications f ON f.clinic_id = a.clinic_id AND f.alert_id = a.id
  WHERE a.status <> 'resolved' AND a.status = 'triggered' AND f.state = 'failed_permanently'
  AND f.kind PAGES
  AND NOT EXISTS (
    SELECT FROM public.notifications s
    WHERE s.clinic_id = f.clinic_id AND s.alert_id = f.alert_id
    AND s.page_round >= f.page_round AND s.state IN ('sent', 'delivered') AND s.kind PAGES
  )
) n WHERE n.since <= as_of GROUP BY n.severity
"""
COUNTED = """
SELECT n.severity, n.state, count(*) FROM public.notifications n
WHERE n.kind PAGES GROUP BY 1, 2
"""


def _functions(pages: str) -> tuple[DoorFunction, ...]:
    return (
        DoorFunction(
            "door_unsent(as_of timestamptz)",
            READERS,
            returns="severity text, pages bigint, oldest_at timestamptz",
            query=UNSENT.replace("PAGES", pages),
        ),
        DoorFunction(
            "door_pages()",
            READERS,
            returns="severity text, state text, pages bigint",
            query=COUNTED.replace("PAGES", pages),
        ),
    )


NOW, BEFORE = "IN ('page', 'digest')", "<> 'letter'"


def _constrain(kinds: str, about_an_alert: str) -> None:
    op.execute(
        "ALTER TABLE notifications DROP CONSTRAINT ck_notifications_kind,"
        " DROP CONSTRAINT ck_notifications_page_has_alert,"
        f" ADD CONSTRAINT ck_notifications_kind CHECK (kind IN ({kinds})),"
        " ADD CONSTRAINT ck_notifications_page_has_alert"
        f" CHECK (({about_an_alert}) = (alert_id IS NOT NULL))"
    )


def upgrade() -> None:
    """Apply."""
    _constrain("'page', 'digest', 'letter', 'stand_down'", "kind IN ('page', 'stand_down')")
    drop_door_functions(_functions(NOW))
    create_door_functions(_functions(NOW))


def downgrade() -> None:
    """Take back, with every stand-down."""
    for table in ("notification_attempts", "notifications"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "DELETE FROM notification_attempts a USING notifications n WHERE n.kind = 'stand_down'"
        " AND n.clinic_id = a.clinic_id AND n.id = a.notification_id"
    )
    op.execute("DELETE FROM notifications WHERE kind = 'stand_down'")
    for table in ("notification_attempts", "notifications"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    _constrain("'page', 'digest', 'letter'", "kind = 'page'")
    drop_door_functions(_functions(BEFORE))
    create_door_functions(_functions(BEFORE))
