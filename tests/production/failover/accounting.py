"""What must be true after a failure, asked of the database that is left and of who was paged."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final
from uuid import UUID

from sqlalchemy import select

from models import RecordId
from services.unit_of_work import transaction
from tests.builders.world import ClinicWorld
from tests.fixtures.running import RunningService
from tests.production.failover.on_call import OnCall
from tests.production.failover.phones import Acknowledged
from tests.proofs.seen import Seen, verdict

# A lease (30 s) of a worker that lost the database while it sent, then its next try.
PAGED_WITHIN_S: Final = 120.0
AT_ONCE: Final = 1_000
AT_WORK_WITHIN_S: Final = 60.0
# What an operator would ask; each ends with status 1 when it finds a fault.
ASKED: Final = (
    ("caseload", "verify"),
    ("alerts", "audit"),
    ("audit", "seal", "--once"),
    ("audit", "verify"),
)
AT_WORK = """
SELECT (SELECT count(*) FROM worker_heartbeats WHERE beat_at > %s) AS workers,
  (SELECT count(*) FROM watch_runs WHERE at > %s) AS audits
"""
FOUND = "SELECT finding_count, kinds FROM watch_runs ORDER BY at DESC LIMIT 1"
ALERTS = """
SELECT o.entry_id, o.alert_id FROM alert_occurrences o
WHERE o.clinic_id = %s AND o.entry_id = ANY(%s)
"""


@dataclass(frozen=True, slots=True)
class Account:
    """Ids of acknowledged answers that are not stored, or with other bytes; of risky ones without
    an alert; and alerts that nobody was paged about.
    """

    lost: frozenset[UUID]
    changed: frozenset[UUID]
    without_alert: frozenset[UUID]
    unpaged: frozenset[UUID]

    def problems(self) -> list[str]:
        """In words; nothing when all is well."""
        every = {
            "lost": self.lost,
            "stored with other bytes": self.changed,
            "without an alert": self.without_alert,
            "alerts without a page": self.unpaged,
        }
        return [f"{len(ids)} {words}: {min(ids)} ..." for words, ids in every.items() if ids]


def account(
    service: RunningService,
    clinic: ClinicWorld,
    acknowledged: Sequence[Acknowledged],
    on_call: OnCall,
) -> Account:
    """Everything that was acknowledged against everything that is there; waits for pages that are
    still on their way.
    """
    stored = dict(_stored(clinic, [answered.id for answered in acknowledged]))
    lost = frozenset(answered.id for answered in acknowledged if answered.id not in stored)
    changed = (
        answered.id
        for answered in acknowledged
        if stored.get(answered.id, answered.body) != answered.body
    )
    risky = [
        answered.id for answered in acknowledged if answered.is_risky and answered.id not in lost
    ]
    alerts = {row.entry_id: row.alert_id for row in service.rows(ALERTS, clinic.id, risky)}
    without = frozenset(each for each in risky if each not in alerts)
    return Account(lost, frozenset(changed), without, _unpaged(set(alerts.values()), on_call))


def _stored(clinic: ClinicWorld, ids: Sequence[UUID]) -> Iterator[tuple[UUID, bytes]]:
    """The kept first answers, as the service itself opens them."""
    for first in range(0, len(ids), AT_ONCE):
        kept = select(RecordId.id, RecordId.first_answer)
        query = kept.where(RecordId.id.in_(ids[first : first + AT_ONCE]))
        with clinic.app.app_context(), transaction(clinic.id) as session:
            for row in session.execute(query):
                yield row.id, (row.first_answer or "").encode()


def _unpaged(alerts: set[UUID], on_call: OnCall) -> frozenset[UUID]:
    deadline = time.monotonic() + PAGED_WITHIN_S
    while (missing := alerts - on_call.alerts()) and time.monotonic() < deadline:
        time.sleep(0.2)
    return frozenset(missing)


def away(service: RunningService, workers: int) -> list[str]:
    """Who has not been at work in the database from now on, within what it may take."""
    ((since,),) = service.rows("SELECT clock_timestamp() AS now")
    deadline = time.monotonic() + AT_WORK_WITHIN_S
    while time.monotonic() < deadline:
        (seen,) = service.rows(AT_WORK, since, since)
        if seen.workers >= workers and seen.audits:
            return []
        time.sleep(0.2)
    missing = {"the auditor": not seen.audits, "a worker": seen.workers < workers}
    return [who for who, is_away in missing.items() if is_away]


def found_by_auditor(service: RunningService) -> list[str]:
    """What the independent watch still finds, once it has looked often enough to find nothing."""
    deadline = time.monotonic() + AT_WORK_WITHIN_S
    while True:
        ((count, kinds),) = service.rows(FOUND)
        if not count or time.monotonic() > deadline:
            return [f"the auditor found {count}: {', '.join(kinds)}"] if count else []
        time.sleep(0.2)


def found_by_commands(service: RunningService, when: str) -> Seen:
    """The commands of an operator, and the auditor's own last look."""
    done = [service.command(*words) for words in ASKED]
    problems = [
        f"{' '.join(words)}: {(each.stdout + each.stderr)[-300:]}"
        for words, each in zip(ASKED, done, strict=True)
        if each.returncode
    ]
    return verdict(
        f"{when}: caseload verify, alerts audit, audit seal and verify find nothing",
        f"{len(ASKED)} commands",
        "; ".join(" ".join(each.stdout.split()) for each in done),
        problems + found_by_auditor(service),
    )


def longest_gap_s(instants: Sequence[float], since: float, until: float) -> float:
    """The longest time without one of these instants, between two others."""
    within = [since, *(at for at in sorted(instants) if since < at < until), until]
    return max(later - earlier for earlier, later in pairwise(within))
