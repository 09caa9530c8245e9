"""No revision of a patient is used twice, not even by a database that was restored.

A phone that has read up to a revision, and a report that was printed at one, would be believed
about another write than the one that they stand for. So each restore begins a new million.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.orm import Session

from models import PatientStatus

REVISIONS_OF_A_RESTORE: Final = 1_000_000


def restores_before(revision: int) -> int:
    """How often the database had been restored when this revision was taken."""
    return revision // REVISIONS_OF_A_RESTORE


def skip_lost_revisions(session: Session, clinic_id: UUID) -> None:
    """Let the next write about each patient of a clinic take a revision that none ever had."""
    begun = (PatientStatus.revision // REVISIONS_OF_A_RESTORE + 1) * REVISIONS_OF_A_RESTORE
    session.execute(
        update(PatientStatus).where(PatientStatus.clinic_id == clinic_id).values(revision=begun)
    )
