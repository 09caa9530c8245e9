"""Take in one entry of a patient: exactly once, decided under the lock, stored as one fact."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.statements import Query, Statement
from services import audit
from services.access import Action, Actor
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer, answer_again, id_taken_elsewhere
from services.exceptions import (
    Invalid,
    NotFollowed,
    NotFound,
    Unauthenticated,
)
from services.intake.deciding.known import Known, Sent, known_of, read_known
from services.intake.deciding.outcome import decide
from services.intake.entry import Entry, NewEntry, VersionedTable
from services.intake.storing.store import EntryWrites, store_entry
from services.intake.storing.unwritten import Unwritten
from services.patients.status.lock import lock_status_row, locking, the_row
from services.patients.view import visible_patient
from services.rules.mood_days import IMPLAUSIBLE_TIME
from services.unit_of_work import ask, retry_unknown_outcome


@dataclass(frozen=True, slots=True)
class AskedBefore:
    """What was asked of the patient who acts: their status row was locked, the versions that an
    amendment stands upon read, and what is known around an entry.
    """

    lock: Query | None = None
    versions: Query | None = None
    known: Query | None = None

    @property
    def queries(self) -> list[Query]:
        """In the order in which they are asked."""
        return [one for one in (self.lock, self.versions, self.known) if one is not None]


AskAhead = Callable[[NewEntry, UUID], AskedBefore]


@retry_unknown_outcome
def write_entry(actor: Actor, new: NewEntry, now: datetime) -> FirstAnswer:
    """Take in one entry under the lock of the status row, in one transaction.

    Raises what `new` raises, `IdTaken`, `ContentConflict`, and `NotFollowed` for what is harmless
    of somebody whom the clinic no longer follows; danger is stored and pages.
    """
    asked = _asked_first(actor, new)
    with id_taken_elsewhere(), acting(actor, now, *asked.queries) as session:
        return take_in(session, actor, new, now, asked)


def _asked_first(actor: Actor, new: NewEntry) -> AskedBefore:
    """Whom an entry of a patient is about, is known before anything is asked."""
    if actor.patient_id is None:
        return AskedBefore()
    return AskedBefore(
        locking(actor.patient_id),
        new.of.versions(actor.patient_id) if new.of else None,
        known_around(actor.patient_id, new.entry) if isinstance(new.entry, Entry) else None,
    )


def known_around(patient_id: UUID, entry: Entry) -> Query:
    """What asks for what an entry is decided against."""
    return known_of(patient_id, entry.id, joining(entry))


def joining(entry: Entry) -> tuple[Sent, UUID] | None:
    """What joins a series, and the id of its first version; None for what does not count yet."""
    return (entry.sent, entry.root_id) if entry.counts else None


def take_in(
    session: Session,
    actor: Actor,
    new: NewEntry,
    now: datetime,
    asked: AskedBefore,
    unwritten: Unwritten | None = None,
    ahead: AskAhead | None = None,
) -> FirstAnswer:
    """Refuses before it writes. `asked`: what was asked already; `unwritten`: others may follow it
    in its transaction; `ahead`: asks for it and for those that follow it, under the lock.
    """
    patient_id = new.patient_of(session)
    entry, known = _known(session, actor, new, patient_id, asked, unwritten, ahead)
    if known.row.known_id is not None:
        answer = answer_again(known.row, actor, patient_id, entry.digest)
        if actor.patient_id is None:
            audit.record_read(session, actor, audit.AGAIN, now, patient_id)
        return answer
    outcome = decide(entry.sent, known)
    if IMPLAUSIBLE_TIME in outcome.read.facts.flags:
        entry = replace(entry, counts=False)
    row = entry.row(session, known, outcome)
    outcome = entry.decide(session, known, outcome, row, now)
    if not known.patient.followed and not outcome.is_risky:
        raise NotFollowed
    if outcome.failed and unwritten is not None:
        # Entries of all patients queue where failures are counted: that has to come last.
        raise RulesFailedError
    writes = _writes(entry, row, known)
    answer = store_entry(session, actor, known, outcome, writes, now, unwritten)
    if unwritten is not None and entry.id in unwritten.ids:
        unwritten.so_far = outcome.so_far
    return answer


def _known(
    session: Session,
    actor: Actor,
    new: NewEntry,
    patient_id: UUID,
    asked: AskedBefore,
    unwritten: Unwritten | None,
    ahead: AskAhead | None,
) -> tuple[Entry, Known]:
    """The entry, and all that it is decided against, under the lock of the status row."""
    if unwritten is not None and new.of is not None and new.of.id in unwritten.ids:
        unwritten.write()
    status = _locked(session, actor, patient_id, unwritten, asked.lock)
    asked = ahead(new, patient_id) if ahead else asked
    entry = new.made(_versions(session, new, patient_id, asked))
    if unwritten is not None and unwritten.is_needed_for(entry.id, entry.root_id, entry.is_plain):
        unwritten.write()
        status, asked = unwritten.lock(patient_id), AskedBefore()
        entry = new.made(_versions(session, new, patient_id, asked))
    query = asked.known or known_around(patient_id, entry)
    if asked.known is None:
        ask(session, query)
    known = read_known(session, status, query, joining(entry))
    return entry, replace(known, so_far=unwritten.so_far) if unwritten else known


def _versions(
    session: Session, new: NewEntry, patient_id: UUID, asked: AskedBefore
) -> Query | None:
    if asked.versions is not None or new.of is None:
        return asked.versions
    ask(session, query := new.of.versions(patient_id))
    return query


def _writes(entry: Entry, row: dict[str, Any], known: Known) -> EntryWrites:
    return EntryWrites(
        id=entry.id,
        root_id=entry.root_id,
        kind=entry.kind,
        digest=entry.digest,
        rows=entry.rows(row),
        writes=entry.writes(row),
        record=lambda safety: entry.record(row, known.treatment, safety),
        has_note=bool(entry.sent.note and entry.sent.note.strip()),
        is_plain=entry.is_plain,
    )


def _locked(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    unwritten: Unwritten | None,
    lock: Query | None,
) -> Any:
    """The status row: locked before, as it will be once what waits is written, or locked now.

    Raises `NotFound`, and `Unauthenticated` for a patient who was erased while this waited.
    """
    try:
        if unwritten is not None:
            return unwritten.lock(patient_id)
        return lock_status_row(session, patient_id) if lock is None else the_row(lock)
    except NotFound as error:
        if actor.patient_id is None:
            raise
        raise Unauthenticated from error


class RulesFailedError(RuntimeError):
    """The rules failed on one of several entries: each is to be taken in by itself."""


def patient_written_about(
    session: Session, actor: Actor, patient_id: UUID | None, now: datetime
) -> UUID:
    """The patient themselves, or the one in view whom staff name; raises `NotFound`, `Invalid`."""
    if actor.patient_id is not None:
        if patient_id not in (None, actor.patient_id):
            raise NotFound
        return actor.patient_id
    if patient_id is None:
        raise Invalid({"patient_id": ["Staff name the patient."]})
    return visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now).id


def patient_of_version(
    session: Session, actor: Actor, table: VersionedTable, version_id: UUID, now: datetime
) -> UUID:
    """Whose entry it is, for those who may correct it; raises `NotFound`.

    Patients correct their own alone: that it is theirs, shows when its versions are read.
    """
    if actor.patient_id is not None:
        return actor.patient_id
    ask(session, query := Query(_patient_of(table), {"id": version_id}))
    patient_id: UUID | None = query.rows[0].patient_id if query.rows else None
    if patient_id is None:
        raise NotFound
    return visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now).id


@cache
def _patient_of(table: VersionedTable) -> Statement:
    return Statement(
        select(table.patient_id).where(table.id == bindparam("id", type_=table.id.type))
    )
