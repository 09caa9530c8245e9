"""No revision of a patient is used twice, not even by a database that was restored.

A phone that has read up to a revision, and a report that was printed at one, would be believed
about another write than the one that they stand for. So each restore begins a new round number,
further on than any earlier one could have: PostgreSQL counts a timeline more for each.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.orm import Session

from models import PatientStatus

# More than are ever written about a patient between two restores.
REVISIONS_OF_A_NUMBERING: Final = 100_000
# `restore finish` may be run again on a timeline, and of these there are not more than the column
# holds: each failover begins one, too.
FINISHES, TIMELINES = 8, 2_600


def numbering_of(revision: int) -> int:
    """Which numbering a revision is of: 0 until the first restore."""
    return revision // REVISIONS_OF_A_NUMBERING


def skip_lost_revisions(session: Session, clinic_id: UUID, timeline: int) -> None:
    """Let the next write about each patient of a clinic take a revision that none ever had.

    `timeline`: that of the database that was restored.
    """
    further = PatientStatus.revision // REVISIONS_OF_A_NUMBERING + 1
    begun = func.greatest(further, FINISHES * min(timeline, TIMELINES)) * REVISIONS_OF_A_NUMBERING
    session.execute(
        update(PatientStatus).where(PatientStatus.clinic_id == clinic_id).values(revision=begun)
    )
