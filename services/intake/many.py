"""Many entries of one person in one transaction: what is known is asked, and what is harmless is
written, for many at once.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from models.statements import Query
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import ServiceError, Unauthenticated
from services.intake.deciding.known import known_ids, of_another
from services.intake.entry import Entry, NewEntry
from services.intake.storing.unwritten import Unwritten
from services.intake.writing import AskedBefore, known_around, take_in
from services.patients.status.figures import DAILY
from services.unit_of_work import ask, retry_unknown_outcome

# A patient who asks for help meanwhile waits no longer than this for the lock of a long sync.
LOCKED_FOR_S: Final = 2.0
# About how many entries is asked in one round trip, at most.
ASKED_AHEAD: Final = 128


@dataclass(slots=True)
class Ahead:
    """What the next plain entries of the patient who acts are decided against, asked many in one
    round trip, which costs more than the database needs for them. It holds until something is
    written; then it is asked about one, and about twice as many each time while nothing is.
    """

    session: Session
    patient_id: UUID | None
    entries: Sequence[NewEntry]
    unwritten: Unwritten
    size: int = 1
    writes: int = 0
    asked: dict[int, AskedBefore] = field(default_factory=dict)

    def of(self, new: NewEntry, patient_id: UUID) -> AskedBefore:
        """What was asked under the lock of the status row; nothing of what is not asked ahead."""
        if patient_id != self.patient_id:
            return AskedBefore()
        if self.writes != self.unwritten.writes_made:
            self.asked, self.size, self.writes = {}, 1, self.unwritten.writes_made
        if id(new) not in self.asked:
            self._ask(patient_id, new)
            self.size = min(2 * self.size, ASKED_AHEAD)
        return self.asked.get(id(new), AskedBefore())

    def _ask(self, patient_id: UUID, first: NewEntry) -> None:
        """About it and those that follow: what amendments stand upon, then what is known."""
        begin = next(place for place, one in enumerate(self.entries) if one is first)
        batch = self.entries[begin : begin + self.size]
        versions = {id(one): one.of.versions(patient_id) for one in batch if one.of}
        if versions:
            ask(self.session, *versions.values())
        made = {id(one): _made(one, versions.get(id(one))) for one in batch}
        plain = {of: entry for of, entry in made.items() if entry is not None and entry.is_plain}
        known = self._known(patient_id, plain) if plain else {}
        self.asked = {
            id(one): AskedBefore(versions=versions.get(id(one)), known=known.get(id(one)))
            for one in batch
        }

    def _known(self, patient_id: UUID, plain: Mapping[int, Entry]) -> dict[int, Query]:
        """Each series once, as far back as any of them needs it."""
        queries = {of: known_around(patient_id, entry) for of, entry in plain.items()}
        around: dict[object, Query] = {}
        furthest = sorted(queries.items(), key=lambda each: each[1].values["since"] or date.max)
        for of, query in furthest:
            around.setdefault(_shared(plain[of], query), query)
        ids = known_ids([entry.id for entry in plain.values()])
        ask(self.session, *around.values(), ids)
        return {
            of: of_another(around[_shared(entry, queries[of])], entry.id, ids)
            for of, entry in plain.items()
        }


def _made(new: NewEntry, versions: Query | None) -> Entry | None:
    """The entry; what refuses it, refuses it in its turn."""
    try:
        return new.made(versions)
    except ServiceError:
        return None


def _shared(entry: Entry, query: Query) -> object:
    """Entries of which this is equal are decided against the same. How far back an amendment of a
    daily form looks, depends on which one it is of.
    """
    instrument = query.values["instrument"]
    return (instrument, entry.root_id) if entry.versions and instrument == DAILY else instrument


@retry_unknown_outcome
def write_entries(
    actor: Actor, entries: Sequence[NewEntry], now: datetime
) -> list[FirstAnswer | ServiceError]:
    """Take in entries one after the other in one transaction, all of them or none: the answer or
    the refusal of each. Stops after `LOCKED_FOR_S` seconds: then the rest has no answer yet.

    Raises what breaks the transaction, a refusal of the token, and `RulesFailedError`.
    """
    answers: list[FirstAnswer | ServiceError] = []
    began = time.monotonic()
    with acting(actor, now) as session:
        unwritten = Unwritten(session)
        ahead = Ahead(session, actor.patient_id, entries, unwritten)
        for new in entries:
            try:
                answers.append(
                    take_in(session, actor, new, now, AskedBefore(), unwritten, ahead.of)
                )
            except Unauthenticated:
                raise
            except ServiceError as refusal:
                answers.append(refusal)
            # What is read next must not be what was read before.
            session.expunge_all()
            if time.monotonic() - began > LOCKED_FOR_S:
                break
        unwritten.write()
    return answers
