"""Do reminders go on? Nobody else would miss them: a patient only answers late, or not at all."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy.orm import Session

from services.unit_of_work import transaction
from services.watch.reading import rows

# Planned every 20 s; a restart or a failover takes minutes at most.
UNPLANNED_FOR_S: Final = 900.0
# Its name among the figures of a run.
UNPLANNED: Final = "unplanned_reminders_s"
# Of accounts that can be reminded; an older plan waited for a device, and is looked at as soon as
# one is put there.
OLDEST: Final = """
SELECT min(greatest(p.next_at, d.put_at)) AS at
FROM devices d
LEFT JOIN reminder_plans p ON (p.clinic_id, p.user_id) = (d.clinic_id, d.user_id)
"""


def unplanned_s(session: Session, now: datetime) -> float:
    """How late the next look at somebody's reminders is, in seconds, all clinics together.

    0 while each is looked at in time, and where nobody has a device to be reminded on.
    """
    ((at,),) = rows(session, OLDEST)
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


def latest_unplanned_s(now: datetime) -> float:
    """The same, asked now; by the auditor, who sees all clinics."""
    with transaction() as session:
        return unplanned_s(session, now)
