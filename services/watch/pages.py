"""Every page reached somebody in time: a channel accepted it, or a person acted, within its budget.

A step that fails is followed by the next: whichever of them gets through first counts for both. A
hand-over is to one colleague: their page counts, or that somebody took or ended the alert.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.orm import Session

from services.watch.alerts import HANDED_OVER, SCOPE
from services.watch.findings import WatchFinding
from services.watch.reading import Period, rows

BUDGETS_S: Final = {"critical": 60, "high": 300}
# A page that got out late stays told for so long.
LATE_FOR: Final = timedelta(hours=1)
STEPS: Final = f"""{SCOPE},
pages AS (
  SELECT n.* FROM notifications n
  JOIN scope ON (scope.clinic_id, scope.id) = (n.clinic_id, n.alert_id)
  WHERE n.kind = 'page' AND n.severity IN ('critical', 'high') AND (
    n.created_at >= :late_since OR n.state IN ('pending', 'sending', 'failed_temporarily')
  )
),
steps AS (
  SELECT clinic_id, alert_id, page_round, page_step, min(created_at) AS due_at,
    bool_or(severity = 'critical') AS is_critical
  FROM pages GROUP BY clinic_id, alert_id, page_round, page_step
)
SELECT s.clinic_id, s.alert_id AS id, s.due_at, s.is_critical, s.page_step, a.status,
  LEAST(
    (SELECT min(p.sent_at) FROM pages p
     WHERE (p.clinic_id, p.alert_id) = (s.clinic_id, s.alert_id)
     AND CASE WHEN s.page_step >= {HANDED_OVER}
       THEN (p.page_round, p.page_step) = (s.page_round, s.page_step)
       ELSE p.page_step < {HANDED_OVER}
         AND (p.page_round, p.page_step) >= (s.page_round, s.page_step) END),
    (SELECT min(e.at) FROM alert_events e
     WHERE (e.clinic_id, e.alert_id) = (s.clinic_id, s.alert_id)
     AND e.actor_id IS NOT NULL AND e.at >= s.due_at
     AND (s.page_step < {HANDED_OVER}
       OR e.kind IN ('acknowledged', 'acknowledgement_taken_over', 'resolved')))
  ) AS reached_at
FROM steps s JOIN alerts a ON (a.clinic_id, a.id) = (s.clinic_id, s.alert_id)
"""  # noqa: S608 -- our own words


def page_findings(
    session: Session, period: Period, now: datetime, late_since: datetime
) -> Iterator[WatchFinding]:
    """Of the pages of the alerts that are open or were lately; late ones since `late_since`."""
    for row in rows(session, STEPS, late_since=late_since, **period.bounds):
        budget = BUDGETS_S["critical" if row.is_critical else "high"]
        if (row.reached_at or now) <= row.due_at + timedelta(seconds=budget):
            continue
        if row.reached_at is not None:
            yield WatchFinding("reached_late", row.clinic_id, row.id)
        elif row.page_step >= HANDED_OVER and row.status != "resolved":
            yield WatchFinding("hand_over_not_reached", row.clinic_id, row.id)
        elif row.status == "triggered":
            yield WatchFinding("not_reached", row.clinic_id, row.id)
