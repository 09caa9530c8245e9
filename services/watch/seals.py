"""Does the sealer keep up? What no seal covers yet could still be changed without a trace."""

from __future__ import annotations

from typing import Final

from sqlalchemy.orm import Session

from services.unit_of_work import transaction
from services.watch.reading import rows

# The sealer looks every 2 s; a report of minutes is entered with the time at which it began.
UNSEALED_FOR_S: Final = 900.0
# Its name among the figures of a run.
UNSEALED: Final = "unsealed_s"
# By the database's clock, and by the index of the few that have no seal.
OLDEST: Final = """
SELECT CAST(extract(epoch FROM clock_timestamp() - min(at)) AS float) AS s
FROM audit_entries WHERE seq IS NULL
"""


def unsealed_s(session: Session) -> float:
    """Age in seconds of the oldest entry of the audit without a seal, all clinics together.

    0 when each has one: a night in which nobody does anything leaves nothing to seal.
    """
    ((age_s,),) = rows(session, OLDEST)
    return max(0.0, age_s or 0.0)


def oldest_unsealed_s() -> float:
    """The same, asked now; by the auditor, who sees all clinics."""
    with transaction() as session:
        return unsealed_s(session)
