"""The next step of an alert that waits comes when its clinic's policy, or else its ladder, says so:
worked out from what was paged last, and not from the due time that the worker keeps.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy.orm import Session

from services.watch.findings import LATE
from services.watch.reading import rows

# Of a clinic that has set nothing, and the most that any may set, in seconds.
STEPS_S: Final = {"critical": 600, "high": 14_400}
LONGEST_S: Final = {"critical": 3600, "high": 86_400}
ROUND: Final = timedelta(minutes=10)
PEOPLE_FIRST: Final = timedelta(minutes=5)
# What waits already goes on by what was set before.
CHANGED: Final = """
SELECT clinic_id, max(at) AS at FROM audit_entries
WHERE clinic_id = ANY(:clinics) AND patient_id IS NULL AND at >= :since
AND action IN ('policy_changed', 'clinic_changed')
GROUP BY clinic_id
"""


def overdue_steps(session: Session, waiting: Sequence[Any], now: datetime) -> Iterator[Any]:
    """Of alerts that page and that nobody has, those whose next step should have come."""
    overdue = [row for row in waiting if _is_over(row, _wait(row), now)]
    if not overdue:
        return
    clinics = sorted({row.clinic_id for row in overdue})
    long_ago = now - timedelta(seconds=max(LONGEST_S.values()))
    changes = rows(session, CHANGED, clinics=clinics, since=long_ago)
    changed_at = {change.clinic_id: change.at for change in changes}
    for row in overdue:
        at, longest = changed_at.get(row.clinic_id), LONGEST_S[row.ladder_severity]
        is_as_it_was = at is None or at < row.paged_at
        if is_as_it_was or _is_over(row, timedelta(seconds=longest), now):
            yield row


def _wait(row: Any) -> timedelta:
    """After the step that was paged last. Step 0 are the people before the chain."""
    steps, severity = row.steps or [], row.ladder_severity
    if row.page_step == 0:
        return PEOPLE_FIRST
    if row.page_step <= len(steps):
        return timedelta(seconds=steps[row.page_step - 1]["delay_s"])
    own = (row.ladder or {}).get(severity) or {}
    return timedelta(seconds=own.get("next_after_s") or STEPS_S[severity])


def _is_over(row: Any, wait: timedelta, now: datetime) -> bool:
    """A chain, and the last resort after a policy's steps, may be at its end: a round is no shorter
    than ten minutes.
    """
    if row.paged_at is None:
        return False
    due_at = row.paged_at + wait
    if row.page_step > len(row.steps or []):
        due_at = max(due_at, row.round_started_at + ROUND)
    return bool(due_at < now - LATE)
