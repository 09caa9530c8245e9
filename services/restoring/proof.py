"""What a restored database holds, read in one snapshot by the auditor, who sees all clinics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models import Base, RecordId
from services.restoring.mark import restored_at
from services.restoring.pages import alerts_without_new_pages
from services.unit_of_work import transaction
from services.watch.reading import EVER
from services.watch.run import look

MAY_TAKE: Final = text("SET LOCAL statement_timeout = '3600s'")
# What only time makes of an alert: a restore does that to all of them.
LATE: Final = (
    "not_reached",
    "reached_late",
    "hand_over_not_reached",
    "step_overdue",
    "acknowledgement_outlived",
    "drill_endless",
    "rules_not_replayed",
    "no_worker_seen",
)


# Of these no row ever goes: nobody but its owner may delete there, and to the owner forced row
# security shows no clinic's rows. An erasure, the retention and the worker have the right, each
# where it takes something away.
ONLY_GROW: Final = text(
    """
SELECT t.relname FROM pg_class AS t
WHERE t.relnamespace = 'public'::regnamespace AND t.relkind IN ('r', 'p')
AND t.relforcerowsecurity AND NOT EXISTS (
  SELECT FROM aclexplode(t.relacl) AS granted
  WHERE granted.privilege_type = 'DELETE' AND granted.grantee <> t.relowner)
"""
)


@dataclass(frozen=True, slots=True)
class RestoredDatabase:
    """`rows`: of each table. `only_grow`: the tables of which no row ever goes. `newest_at`: when
    the newest entry came in (None: there is none). `finished_at`: when all was done that follows a
    restore; None: it was not. `unpaged`: clinic and id of each open alert whose pages were not
    queued anew.
    """

    rows: Mapping[str, int]
    only_grow: frozenset[str]
    newest_at: datetime | None
    finished_at: datetime | None
    unpaged: tuple[tuple[UUID, UUID], ...]


def read_restored() -> RestoredDatabase:
    """Count and look; takes a while where there is much."""
    with transaction(snapshot=True) as session:
        session.execute(MAY_TAKE)
        finished_at = restored_at(session)
        unpaged = (
            () if finished_at is None else tuple(alerts_without_new_pages(session, finished_at))
        )
        newest_at = session.scalar(select(func.max(RecordId.received_at)))
        only_grow = frozenset(session.scalars(ONLY_GROW))
        return RestoredDatabase(_rows(session), only_grow, newest_at, finished_at, unpaged)


def count_rows() -> dict[str, int]:
    """Rows of the tables, by their names: what a backup writes down beside it."""
    with transaction(snapshot=True) as session:
        session.execute(MAY_TAKE)
        return _rows(session)


def missing_findings(now: datetime) -> dict[str, int]:
    """What the watcher finds missing among answers and alerts, by its word: how often."""
    found: dict[str, int] = {}
    for finding in look(now, whole=True, late_since=EVER).findings:
        if finding.kind not in LATE:
            found[finding.kind] = found.get(finding.kind, 0) + 1
    return found


def _rows(session: Session) -> dict[str, int]:
    """Of the tables that the auditor may read: secrets of log-ins are none of its business."""
    rows = {}
    for name, table in sorted(Base.metadata.tables.items()):
        if session.scalar(select(func.has_any_column_privilege(name, "SELECT"))):
            counted = select(func.count()).select_from(table)
            rows[name] = session.execute(counted).scalar_one()
    return rows
