"""How long it took until alerts were paged, acknowledged and resolved: each counted once, a drill
not at all, which has figures of its own.

Prometheus wants counts that only grow. So each run adds what is settled since the last one (see
`services.watch.run`), and the newest run's row holds the sums: a scrape reads that row alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.orm import Session

from services.watch.reading import rows

STAGES: Final = ("page", "acknowledge", "resolve")
# Seconds: a minute and five are the budgets, then the ladders' steps and ends.
BUCKETS: Final = (1, 5, 15, 60, 300, 600, 1800, 3600, 14_400, 43_200, 86_400, 604_800)
FIRST_PAGES: Final = """
SELECT 'page' AS stage, a.severity, a.triggered_at, min(n.sent_at) AS at
FROM (
  SELECT DISTINCT n.clinic_id, n.alert_id FROM notification_attempts t
  JOIN notifications n ON (n.clinic_id, n.id) = (t.clinic_id, t.notification_id)
  WHERE t.at >= :since AND t.at < :until AND n.kind = 'page'
) touched
JOIN alerts a ON (a.clinic_id, a.id) = (touched.clinic_id, touched.alert_id)
  AND a.family <> 'drill'
JOIN notifications n ON (n.clinic_id, n.alert_id) = (a.clinic_id, a.id) AND n.kind = 'page'
GROUP BY a.clinic_id, a.id HAVING min(n.sent_at) >= :since AND min(n.sent_at) < :until
"""
FIRST_ACTS: Final = """
SELECT CASE e.kind WHEN 'resolved' THEN 'resolve' ELSE 'acknowledge' END AS stage, a.severity,
  a.triggered_at, e.at
FROM alert_events e JOIN alerts a ON (a.clinic_id, a.id) = (e.clinic_id, e.alert_id)
  AND a.family <> 'drill'
WHERE e.at >= :since AND e.at < :until AND e.kind IN ('acknowledged', 'resolved')
AND NOT EXISTS (
  SELECT FROM alert_events f WHERE (f.clinic_id, f.alert_id) = (e.clinic_id, e.alert_id)
  AND f.kind = e.kind AND (f.at, f.id) < (e.at, e.id)
)
"""


def times_taken(
    session: Session, before: Mapping[str, Any], since: datetime, until: datetime
) -> dict[str, Any]:
    """The sums with what happened from `since` to before `until`: by stage and severity, counts by
    bucket (the last for what took longer) and seconds in all.
    """
    sums = {stage: dict(before.get(stage, {})) for stage in STAGES}
    span = {"since": since, "until": until}
    for row in (*rows(session, FIRST_PAGES, **span), *rows(session, FIRST_ACTS, **span)):
        took = max(0.0, (row.at - row.triggered_at).total_seconds())
        known = sums[row.stage].get(row.severity, {"counts": [0] * (len(BUCKETS) + 1), "sum": 0.0})
        counts = list(known["counts"])
        counts[sum(took > bucket for bucket in BUCKETS)] += 1
        sums[row.stage][row.severity] = {"counts": counts, "sum": known["sum"] + took}
    return sums
