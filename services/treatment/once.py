"""What staff write about a treatment: in one transaction, and exactly once where they made an id.

Every such write locks the patient's status row, takes the next revision, recomputes what the
caseload caches, and is recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from models.base import new_id
from models.entries.check_in import RecordKind
from services import audit
from services.access import Action, Actor, scopes
from services.accounts.tokens.token_check import acting
from services.alerts.chain import ChainOf
from services.alerts.raising import raise_alerts
from services.exactly_once import FirstAnswer, answer_once, content_digest, id_taken_elsewhere
from services.intake.deciding.outcome import Outcome
from services.intake.storing.store import count_failure, status_update, store_outcome
from services.patients.status.lock import LockedPatient, lock_patient
from services.patients.status.row import refresh
from services.patients.view import visible_patient
from services.unit_of_work import execute_writes


@dataclass(frozen=True, slots=True)
class Writing:
    """A write in progress: the patient is locked, `now` is the instant of the write.

    `chain` reads the clinic once. `undecided`: records on which the rules raised; they are counted
    when the write is finished.
    """

    session: Session
    actor: Actor
    patient: LockedPatient
    now: datetime
    chain: ChainOf
    undecided: list[UUID] = field(default_factory=list)

    @property
    def stamp(self) -> dict[str, Any]:
        """The columns that every row of a treatment carries."""
        return {
            "clinic_id": self.patient.clinic_id,
            "patient_id": self.patient.patient_id,
            "revision": self.patient.next_revision,
        }


Make = Callable[[Writing, UUID], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class New:
    """A record to be made: its kind, the client's id if there is one, and its content (instants in
    UTC, so that the same instant is the same content).
    """

    kind: RecordKind
    patient_id: UUID
    id: UUID | None
    content: dict[str, Any]


def write_once(actor: Actor, new: New, make: Make, now: datetime) -> FirstAnswer:
    """Make a record of a patient in view; the same id and content again answer the same.

    Raises `Forbidden`, `NotFound`, `IdTaken`, `ContentConflict`, and what `make` raises.
    """
    scopes(actor, Action.MANAGE_TREATMENT)
    digest = content_digest(new.kind, patient=str(new.patient_id), fields=new.content)
    with id_taken_elsewhere(), acting(actor, now) as session:
        writing = begin(session, actor, new.patient_id, now)
        record_id = new.id or new_id()
        answer = answer_once(
            session,
            actor,
            new.id,
            new.patient_id,
            new.kind,
            digest,
            lambda: make(writing, record_id),
            now,
        )
        if answer.status == 201:
            finish(writing, f"{new.kind}_written", record_id)
        return answer


def begin(session: Session, actor: Actor, patient_id: UUID, now: datetime) -> Writing:
    """Lock a patient in view for a write about their treatment; raises `NotFound`."""
    visible_patient(session, actor, Action.MANAGE_TREATMENT, patient_id, now)
    chain = ChainOf(session, actor.clinic_id, now, patient_id)
    return Writing(session, actor, lock_patient(session, patient_id), now, chain)


def keep_outcome(writing: Writing, outcome: Outcome, record_id: UUID) -> None:
    """Keep what was decided about a record, yes and no alike, and raise its alerts."""
    if not outcome.decisions and not outcome.failed:
        return
    session, patient, now = writing.session, writing.patient, writing.now
    facts, decisions = outcome.read.facts, outcome.decisions
    raised = raise_alerts(session, patient, facts, decisions, record_id, writing.chain, now)
    store_outcome(session, patient, outcome, raised, record_id, now)
    if outcome.counts_as_failure:
        writing.undecided.append(record_id)


def finish(writing: Writing, action: str, record_id: UUID) -> None:
    """Count the write, recompute what is cached, and record who made it."""
    session, patient = writing.session, writing.patient
    execute_writes(session, [status_update(patient, {})])
    refresh(session, patient.patient_id, writing.now)
    for entry_id in writing.undecided:
        count_failure(session, patient, entry_id, writing.chain(), writing.now)
    by, now = writing.actor.user_id, writing.now
    audit.record(session, by, action, now, patient.patient_id, record_id)
