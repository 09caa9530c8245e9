"""Every alert that is open goes on, and none has ended by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from services.watch.findings import AHEAD, LATE, PAGING, RANK, WatchFinding
from services.watch.reading import Period, rows
from services.watch.steps import overdue_steps

# The longest that anybody may hold an alert, by the highest tier that it was paged at.
HOLDS: Final = {
    "critical": timedelta(hours=4),
    "high": timedelta(hours=24),
    None: timedelta(days=7),
}
NOT_REPLAYED: Final = timedelta(days=1)
# A drill is about nobody, and the one alert that may end by itself.
DRILL: Final = "drill"
DRILL_ENDS: Final = timedelta(minutes=30)
# Steps from here on are pages to a colleague by name, beside the chain.
HANDED_OVER: Final = 1000
# Those that something has happened to.
TOUCHED: Final = """
SELECT clinic_id, alert_id AS id FROM alert_events WHERE at >= :since AND at < :until
UNION SELECT clinic_id, id FROM alerts WHERE resolved_at >= :since AND resolved_at < :until
"""
# Open ones by the two indexes of their own.
SCOPE: Final = f"""
WITH scope AS (
  SELECT clinic_id, id FROM alerts WHERE status <> 'resolved' AND patient_id IS NOT NULL
  UNION SELECT clinic_id, id FROM alerts WHERE status <> 'resolved' AND patient_id IS NULL
  UNION {TOUCHED}
)
"""  # noqa: S608 -- our own words
ALERTS: Final = f"""
SELECT a.*, r.by AS resolved_by, o.count AS occurrences, o.tier AS gravest, o.surest,
  n.count AS pages, n.of_this_round, e.paged_at, c.ladder, p.steps
FROM scope JOIN alerts a ON (a.clinic_id, a.id) = (scope.clinic_id, scope.id)
JOIN clinics c ON c.id = a.clinic_id
LEFT JOIN on_call_policies p ON (p.clinic_id, p.severity) = (a.clinic_id, a.ladder_severity)
LEFT JOIN alert_resolutions r ON (r.clinic_id, r.alert_id) = (a.clinic_id, a.id)
CROSS JOIN LATERAL (
  SELECT count(*),
    max(array_position(ARRAY['low', 'medium', 'high', 'critical'], tier)) AS tier,
    max(array_position(ARRAY['low', 'medium', 'high', 'critical'], tier))
      FILTER (WHERE rule NOT IN ('S10c', 'S10d')) AS surest
  FROM alert_occurrences WHERE (clinic_id, alert_id) = (a.clinic_id, a.id)
) o
CROSS JOIN LATERAL (
  SELECT count(*), count(*) FILTER (WHERE page_round = a.page_round) AS of_this_round
  FROM notifications WHERE (clinic_id, alert_id) = (a.clinic_id, a.id) AND kind = 'page'
  AND page_step < {HANDED_OVER}
) n
CROSS JOIN LATERAL (
  SELECT max(at) AS paged_at FROM alert_events
  WHERE (clinic_id, alert_id) = (a.clinic_id, a.id)
  AND kind IN ('page_queued', 'page_joined', 'page_still_unsent')
  AND CAST(detail ->> 'round' AS int) = a.page_round
  AND CAST(detail ->> 'step' AS int) <= a.page_step
) e
"""  # noqa: S608 -- our own words
ENDED: Final = f"WITH scope AS ({TOUCHED}) {ALERTS} WHERE a.status = 'resolved'"
LOST: Final = """
SELECT o.clinic_id, o.id FROM alert_occurrences o
LEFT JOIN alerts a ON (a.clinic_id, a.id) = (o.clinic_id, o.alert_id)
WHERE o.received_at >= :since AND o.received_at < :until AND a.id IS NULL
UNION ALL
SELECT n.clinic_id, n.id FROM notification_attempts t
JOIN notifications n ON (n.clinic_id, n.id) = (t.clinic_id, t.notification_id)
LEFT JOIN alerts a ON (a.clinic_id, a.id) = (n.clinic_id, n.alert_id)
WHERE t.at >= :since AND t.at < :until AND n.alert_id IS NOT NULL AND a.id IS NULL
"""
UNREPLAYED: Final = """
SELECT clinic_id, entry_id AS id FROM rules_failures
WHERE replayed_at IS NULL AND failed_at < :long_ago
"""
# By the database's clock, as workers write them.
WORKERS: Final = """
SELECT count(*) FROM worker_heartbeats
WHERE clock_timestamp() - beat_at BETWEEN - CAST(:ahead AS interval) AND :late
"""


def ended_findings(session: Session, period: Period) -> Iterator[WatchFinding]:
    """Of those that have ended, and something happened to them in a period that is past."""
    for row in rows(session, ENDED, **period.bounds):
        for word in sorted(set(_faults(row, period.until))):
            yield WatchFinding(word, row.clinic_id, row.id)
    yield from _lost(session, period)


def _lost(session: Session, period: Period) -> Iterator[WatchFinding]:
    for row in rows(session, LOST, **period.bounds):
        yield WatchFinding("alert_missing", row.clinic_id, row.id)


def alert_findings(session: Session, period: Period, now: datetime) -> Iterator[WatchFinding]:
    """Of all that are open, and those that something happened to then, which is until now."""
    known = rows(session, SCOPE + ALERTS, **period.bounds)
    for row in known:
        for word in sorted(set(_faults(row, now))):
            yield WatchFinding(word, row.clinic_id, row.id)
    waiting = [row for row in known if row.status == "triggered" and row.ladder_severity in PAGING]
    for row in overdue_steps(session, waiting, now):
        yield WatchFinding("step_overdue", row.clinic_id, row.id)
    yield from _lost(session, period)
    for row in rows(session, UNREPLAYED, long_ago=now - NOT_REPLAYED):
        yield WatchFinding("rules_not_replayed", row.clinic_id, row.id)
    ((at_work,),) = rows(session, WORKERS, ahead=AHEAD, late=LATE)
    if not at_work:
        yield WatchFinding("no_worker_seen")


def _faults(row: Any, now: datetime) -> Iterator[str]:
    if row.patient_id is not None and row.occurrences != row.occurrence_count:
        yield "occurrences_missing"
    if RANK[row.severity] < (row.gravest or 0):
        yield "alert_tier_too_low"
    if row.status == "resolved":
        if row.resolved_by is None and row.family != DRILL:
            yield "ended_by_nobody"
        return
    if row.family == DRILL and row.triggered_at < now - DRILL_ENDS - LATE:
        yield "drill_endless"
    if row.next_at is not None and row.next_at < now - LATE:
        yield "step_overdue"
    yield from (_acknowledged if row.status == "acknowledged" else _waiting)(row, now)


def _acknowledged(row: Any, now: datetime) -> Iterator[str]:
    if row.acknowledged_by is None or row.acknowledged_at is None:
        yield "ended_by_nobody"
        return
    if row.ack_expires_at < now - LATE:
        yield "acknowledgement_outlived"
    longest = row.acknowledged_at + HOLDS[row.page_severity] + LATE
    if row.ack_expires_at > longest or row.next_at is None or row.next_at > row.ack_expires_at:
        yield "acknowledgement_endless"


def _waiting(row: Any, _now: datetime) -> Iterator[str]:
    if RANK[row.ladder_severity] < (row.surest or 0):
        yield "alert_tier_too_low"
    if row.ladder_severity not in PAGING:
        return
    if row.pages == 0:
        yield "outbox_cleared" if row.page_severity else "never_paged"
    elif row.of_this_round == 0:
        yield "outbox_cleared"
    if row.next_at is None:
        yield "no_next_step"
