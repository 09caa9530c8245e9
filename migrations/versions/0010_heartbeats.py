"""Workers leave a heartbeat, the probe writes a row of its own, late follows the clinic's ladder.

Why: without any worker, with high pages that wait, and on a read-only database, everything said
that all was well.

Safe beside the previous version: it asks `door_unsent` for columns by name, and finds them.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

from migrations.tables import (
    DoorFunction,
    Table,
    create_door_functions,
    create_tables,
    drop_door_functions,
    drop_tables,
)

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

READERS = "interlude_app, interlude_worker, interlude_auditor"
TABLES = (
    Table(
        "worker_heartbeats",
        app="SELECT",
        worker="SELECT, INSERT, UPDATE, DELETE",
        rows="unprotected",
        columns={
            "id": "uuid NOT NULL",
            "started_at": "timestamptz NOT NULL",
            "beat_at": "timestamptz NOT NULL",
        },
    ),
    Table(
        "probes",
        app="SELECT, INSERT, UPDATE (written_at)",
        rows="unprotected",
        columns={"id": "smallint NOT NULL", "written_at": "timestamptz NOT NULL"},
        checks={"one_row": "id = 1"},
    ),
)
SIGNATURE = "door_unsent(as_of timestamptz)"
WAITING = """
SELECT w.clinic_id, w.severity, false AS failed,
  CASE WHEN w.kind = 'digest' AND w.attempts = 0 THEN w.due_at ELSE w.created_at END AS since
FROM public.notifications w
WHERE w.kind <> 'letter' AND w.state IN ('pending', 'sending', 'failed_temporarily')
UNION ALL
SELECT f.clinic_id, f.severity, true, f.created_at
FROM public.alerts a
JOIN public.notifications f ON f.clinic_id = a.clinic_id AND f.alert_id = a.id
WHERE a.status = 'triggered' AND f.state = 'failed_permanently'
AND NOT EXISTS (
  SELECT FROM public.notifications s
  WHERE s.clinic_id = f.clinic_id AND s.alert_id = f.alert_id
  AND s.page_round >= f.page_round AND s.state IN ('sent', 'delivered')
)
"""
BEFORE = """
SELECT n.severity, count(*), min(n.since) FROM (WAITING) n
WHERE n.since <= as_of GROUP BY n.severity
""".replace("WAITING", WAITING)
# A page is late when a tenth of the time to the next step has gone: 60 s by default when critical.
UNSENT = """
SELECT n.severity, count(*), min(n.since),
  count(*) FILTER (WHERE n.is_late AND NOT n.failed), count(*) FILTER (WHERE n.is_late AND n.failed)
FROM (
  SELECT n.*, as_of - n.since > make_interval(
    secs => (c.ladder -> n.severity ->> 'next_after_s')::double precision / 10
  ) AS is_late
  FROM (WAITING) n JOIN public.clinics c ON c.id = n.clinic_id
) n
WHERE n.since <= as_of GROUP BY n.severity
""".replace("WAITING", WAITING)
FUNCTION = DoorFunction(
    SIGNATURE,
    READERS,
    returns="severity text, pages bigint, oldest_at timestamptz, late bigint, undeliverable bigint",
    query=UNSENT,
)
FORMER = DoorFunction(
    SIGNATURE,
    READERS,
    returns="severity text, pages bigint, oldest_at timestamptz",
    query=BEFORE,
)
LETTERS = DoorFunction(
    "door_letters()",
    READERS,
    returns="letters bigint, oldest_at timestamptz",
    query="""
SELECT count(*), min(n.created_at) FROM public.notifications n
WHERE n.kind = 'letter' AND n.state IN ('pending', 'sending', 'failed_temporarily')
""",
)


def upgrade() -> None:
    """Make both tables and the new answers of the door."""
    create_tables(TABLES)
    drop_door_functions((FORMER,))
    create_door_functions((FUNCTION, LETTERS))


def downgrade() -> None:
    """Take them away; the door answers as before."""
    drop_door_functions((FUNCTION, LETTERS))
    create_door_functions((FORMER,))
    drop_tables(TABLES)
