"""That this database was restored, and when: an entry in the audit of every clinic.

PostgreSQL counts timelines: each recovery that ends begins a new one, so an entry of the present
one can only be about the present restore.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import Integer, cast, func, select
from sqlalchemy.orm import Session

from models import AuditDetail, AuditEntry, Clinic
from services import audit
from services.patients.revisions import skip_lost_revisions
from services.unit_of_work import clinic_ids, transaction

RESTORED: Final = "database_restored"
_TIMELINE: Final = func.substr(func.pg_walfile_name(func.pg_current_wal_lsn()), 1, 8)


def mark_restored(now: datetime) -> int:
    """Write down in every clinic that all was done that follows a restore, and begin its patients'
    revisions anew; how many clinics there are.
    """
    clinics = clinic_ids()
    for clinic_id in clinics:
        with transaction(clinic_id) as session:
            here = timeline(session)
            skip_lost_revisions(session, clinic_id, here)
            audit.record(session, None, RESTORED, now, timeline=here)
    return len(clinics)


def restored_at(session: Session) -> datetime | None:
    """When that was written down last, on this timeline; None while a clinic that was there then is
    without it. Asked by a role that sees all clinics.
    """
    here = cast(AuditDetail.detail["timeline"].astext, Integer) == timeline(session)
    rows = session.execute(
        select(AuditEntry.clinic_id, func.max(AuditEntry.at).label("newest_at"))
        .join(
            AuditDetail,
            (AuditDetail.clinic_id == AuditEntry.clinic_id)
            & (AuditDetail.entry_id == AuditEntry.id),
        )
        .where(AuditEntry.action == RESTORED, here)
        .group_by(AuditEntry.clinic_id)
    )
    marks = {row.clinic_id: row.newest_at for row in rows}
    newest = max(marks.values(), default=None)
    if newest is None:
        return None
    there = session.scalars(select(Clinic.id).where(Clinic.created_at <= newest))
    return newest if marks.keys() >= set(there) else None


def timeline(session: Session) -> int:
    """The number of the timeline that the server writes."""
    return int(session.execute(select(_TIMELINE)).scalar_one(), 16)
