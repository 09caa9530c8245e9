"""Take in one entry of a patient: exactly once, decided under the lock, stored as one fact.

Check-ins, reports of side effects and their amendments are versions of one entry; a help request
has one version only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models import CheckIn, SideEffectReport
from models.entries.check_in import RecordKind
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
from services.intake.deciding.outcome import ENTERED_BY_STAFF, TOKEN_EXPIRED, Outcome, decide
from services.intake.storing.store import EntryWrites, SafetyCard, store_entry
from services.intake.storing.unwritten import TableRow, Unwritten
from services.patients.status.lock import lock_status_row, locking, the_row
from services.patients.view import visible_patient
from services.rules.courses import Treatment
from services.rules.mood_days import IMPLAUSIBLE_TIME, to_utc
from services.unit_of_work import Write, ask, changed_row, retry_unknown_outcome

VersionedTable = type[CheckIn] | type[SideEffectReport]
# An amendment keeps the entry's own time, day and zone, and what was in doubt about them.
KEPT: Final = (
    *("root_id", "recorded_at", "answered_at", "mood_day", "timezone", "zone", "utc_offset_s"),
)
CARRIED_FLAGS: Final = frozenset({"clock_skew", "token_expired", "unknown_timezone"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry(ABC):
    """One entry as it was sent or stored, and how its kind decides, stores and shows it.

    `versions`: the rows of the earlier ones, oldest first. `author`: the columns that say who wrote
    it. `counts`: whether it counts in the trends already.
    """

    id: UUID
    kind: RecordKind
    digest: bytes
    sent: Sent
    versions: Sequence[Any] = ()
    author: dict[str, Any]
    counts: bool = True

    @property
    def root_id(self) -> UUID:
        """The id of the first version."""
        root: UUID = self.versions[0].id if self.versions else self.id
        return root

    def decide(
        self, session: Session, known: Known, outcome: Outcome, row: Any, now: datetime
    ) -> Outcome:
        """The outcome with what the rules of this kind find in it; `row` has its columns."""
        del session, known, row, now
        return outcome

    @abstractmethod
    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """The columns of this version."""

    @abstractmethod
    def rows(self, row: dict[str, Any]) -> list[TableRow]:
        """What stores it: new rows."""

    def writes(self, row: dict[str, Any]) -> list[Write]:
        """What it changes of others: nothing."""
        del row
        return []

    @abstractmethod
    def record(
        self, row: dict[str, Any], treatment: Treatment, safety: SafetyCard
    ) -> dict[str, Any]:
        """Its record as the API shows it."""

    def place_columns(self, known: Known, outcome: Outcome) -> dict[str, Any]:
        """Columns that every kind has: of which version, where in time, by whom."""
        placed, patient = outcome.read.placement, known.patient
        first = self.versions[0] if self.versions else None
        columns = {
            "clinic_id": patient.clinic_id,
            "patient_id": patient.patient_id,
            "id": self.id,
            "root_id": self.id,
            "version": len(self.versions) + 1,
            "recorded_at": placed.recorded_at_utc,
            "answered_at": placed.answered_at,
            "received_at": self.sent.received_at,
            "sent_at": utc_or_none(self.sent.sent_at),
            "mood_day": placed.mood_day,
            "timezone": self.sent.timezone,
            "zone": placed.zone,
            "utc_offset_s": offset_s(self.sent.recorded_at),
            "flags": sorted(outcome.read.facts.flags),
            "revision": patient.next_revision,
        }
        kept = {} if first is None else {name: getattr(first, name) for name in KEPT}
        return columns | kept | self.author


def offset_s(instant: datetime) -> int | None:
    """How far the clock on the phone's wall was ahead of UTC, as it was sent."""
    offset = instant.utcoffset()
    return None if offset is None else int(offset.total_seconds())


def utc_or_none(instant: datetime | None) -> datetime | None:
    """In UTC, where there is one."""
    return None if instant is None else to_utc(instant)


def amended(actor: Actor, first: Any, reason: str, now: datetime, **answered: Any) -> Sent:
    """An amendment of what the first version is: its place in time, and the reason as its note."""
    return Sent(
        note=reason,
        recorded_at=first.answered_at,
        received_at=now,
        timezone=first.timezone,
        stated_mood_day=first.mood_day,
        flags=flags_of(actor) | (frozenset(first.flags) & CARRIED_FLAGS),
        kept_day=(first.mood_day, first.zone),
        time_stated=IMPLAUSIBLE_TIME in first.flags and first.counts_in_trend,
        **answered,
    )


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What is to be taken in: about whom, and the entry, or what makes it under the lock of their
    status row.

    Both raise what they refuse, before anything is written. `is_plain`: a new form that is judged
    by the patient, the treatment and its own series alone.
    """

    patient_of: Callable[[Session], UUID]
    entry: Entry | Callable[[Session, UUID], Entry]
    is_plain: bool = False

    def made(self, session: Session, patient_id: UUID) -> Entry:
        """The entry."""
        return self.entry if isinstance(self.entry, Entry) else self.entry(session, patient_id)


@dataclass(frozen=True, slots=True)
class AskedFirst:
    """What was asked as the transaction began: the lock of the status row of the patient who acts,
    and what is known around their entry.
    """

    lock: Query
    known: Query | None


AskAhead = Callable[[NewEntry, UUID], Query | None]


@retry_unknown_outcome
def write_entry(actor: Actor, new: NewEntry, now: datetime) -> FirstAnswer:
    """Take in one entry under the lock of the status row, in one transaction.

    Raises what `new` raises, `IdTaken`, `ContentConflict`, and `NotFollowed` for what is harmless
    of somebody whom the clinic no longer follows; danger is stored and pages.
    """
    asked = _asked_first(actor, new)
    first = [] if asked is None else [each for each in (asked.lock, asked.known) if each]
    with id_taken_elsewhere(), acting(actor, now, *first) as session:
        return take_in(session, actor, new, now, asked=asked)


def _asked_first(actor: Actor, new: NewEntry) -> AskedFirst | None:
    """Whom an entry of a patient is about, is known before anything is asked."""
    if actor.patient_id is None:
        return None
    known = known_around(actor.patient_id, new.entry) if isinstance(new.entry, Entry) else None
    return AskedFirst(locking(actor.patient_id), known)


def known_around(patient_id: UUID, entry: Entry) -> Query:
    """What asks for what an entry is decided against."""
    return known_of(patient_id, entry.id, _joins(entry))


def _asked_now(session: Session, patient_id: UUID, entry: Entry) -> Query:
    ask(session, query := known_around(patient_id, entry))
    return query


def _joins(entry: Entry) -> tuple[Sent, UUID] | None:
    return (entry.sent, entry.root_id) if entry.counts else None


def take_in(
    session: Session,
    actor: Actor,
    new: NewEntry,
    now: datetime,
    unwritten: Unwritten | None = None,
    asked: AskedFirst | None = None,
    ahead: AskAhead | None = None,
) -> FirstAnswer:
    """Refuses before it writes. `unwritten`: others may follow it in its transaction; `ahead`:
    gives what was asked for it already.
    """
    patient_id = new.patient_of(session)
    status = _locked(session, actor, patient_id, unwritten, asked)
    entry = new.made(session, patient_id)
    if unwritten is not None and entry.id in unwritten.ids:
        unwritten.write()
        status = unwritten.lock(patient_id)
    query = asked.known if asked else ahead(new, patient_id) if ahead else None
    query = query or _asked_now(session, patient_id, entry)
    known = read_known(session, status, query, _joins(entry))
    if unwritten is not None and entry.sent.instrument is not None:
        known = replace(known, unwritten=unwritten.series[entry.sent.instrument.code])
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
    writes = _writes(new, entry, row, known)
    answer = store_entry(session, actor, known, outcome, writes, now, unwritten)
    if unwritten is not None and entry.id in unwritten.ids and outcome.joined is not None:
        unwritten.series[outcome.joined[0]].append(outcome.joined[1])
    return answer


def _writes(new: NewEntry, entry: Entry, row: dict[str, Any], known: Known) -> EntryWrites:
    return EntryWrites(
        id=entry.id,
        kind=entry.kind,
        digest=entry.digest,
        rows=entry.rows(row),
        writes=entry.writes(row),
        record=lambda safety: entry.record(row, known.treatment, safety),
        has_note=bool(entry.sent.note and entry.sent.note.strip()),
        is_plain=new.is_plain,
    )


def _locked(
    session: Session,
    actor: Actor,
    patient_id: UUID,
    unwritten: Unwritten | None,
    asked: AskedFirst | None,
) -> Any:
    """The status row: locked before, as it will be once what waits is written, or locked now.

    Raises `NotFound`, and `Unauthenticated` for a patient who was erased while this waited.
    """
    try:
        if unwritten is not None:
            return unwritten.lock(patient_id)
        return lock_status_row(session, patient_id) if asked is None else the_row(asked.lock)
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
    """Whose entry it is, for those who may correct it; raises `NotFound`."""
    ask(session, query := Query(_patient_of(table), {"id": version_id}))
    patient_id: UUID | None = query.rows[0].patient_id if query.rows else None
    if patient_id is None or actor.patient_id not in (None, patient_id):
        raise NotFound
    if actor.patient_id is None:
        visible_patient(session, actor, Action.WRITE_ENTRIES, patient_id, now)
    return patient_id


@cache
def _patient_of(table: VersionedTable) -> Statement:
    return Statement(
        select(table.patient_id).where(table.id == bindparam("id", type_=table.id.type))
    )


def superseded(table: VersionedTable, last: Any, **columns: Any) -> Write:
    """Another version stands in place of the last one."""
    which = {"patient_id": last.patient_id, "id": last.id}
    return changed_row(table, which, {"superseded": True, **columns})


def flags_of(actor: Actor) -> frozenset[str]:
    """What the author of an entry puts in doubt."""
    expired = {TOKEN_EXPIRED} if actor.token_expired else set()
    by_staff = {ENTERED_BY_STAFF} if actor.patient_id is None else set()
    return frozenset(expired | by_staff)


def author_of(actor: Actor, **columns: Any) -> dict[str, Any]:
    """The columns that say who sent it and with which log-in; `columns`: those of a later version
    that are not the first one's.
    """
    return {
        **columns,
        "entered_by": actor.user_id if actor.patient_id is None else None,
        "family_id": actor.family_id,
    }
