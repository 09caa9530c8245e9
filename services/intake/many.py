"""Many entries of one person in one transaction: what is known is asked, and what is harmless is
written, for many at once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models.statements import Query
from services.access import Actor
from services.accounts.tokens.token_check import acting
from services.exactly_once import FirstAnswer
from services.exceptions import ServiceError, Unauthenticated
from services.intake.deciding.known import known_ids, of_another
from services.intake.storing.unwritten import Unwritten
from services.intake.writing import Entry, NewEntry, known_around, take_in
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
    asked: dict[int, Query] = field(default_factory=dict)

    def of(self, new: NewEntry, patient_id: UUID) -> Query | None:
        """Asked under the lock of the status row; None for what is not asked ahead."""
        if not new.is_plain or patient_id != self.patient_id:
            return None
        if self.writes != self.unwritten.writes_made:
            self.asked, self.size, self.writes = {}, 1, self.unwritten.writes_made
        if id(new) not in self.asked:
            self._ask(patient_id, list(self._next(new)))
            self.size = min(2 * self.size, ASKED_AHEAD)
        return self.asked.get(id(new))

    def _ask(self, patient_id: UUID, batch: Sequence[tuple[NewEntry, Entry]]) -> None:
        """About all of them at once; each series once, as far back as any of them needs it."""
        asked = [(one, entry.id, known_around(patient_id, entry)) for one, entry in batch]
        around: dict[Any, Query] = {}
        for _, _, query in sorted(asked, key=lambda each: each[2].values["since"] or date.max):
            around.setdefault(query.values["instrument"], query)
        ids = known_ids([record_id for _, record_id, _ in asked])
        ask(self.session, *around.values(), ids)
        self.asked = {
            id(one): of_another(around[query.values["instrument"]], record_id, ids)
            for one, record_id, query in asked
        }

    def _next(self, new: NewEntry) -> Iterator[tuple[NewEntry, Entry]]:
        begin = next(place for place, one in enumerate(self.entries) if one is new)
        for one in self.entries[begin : begin + self.size]:
            if one.is_plain and isinstance(one.entry, Entry):
                yield one, one.entry


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
            if not new.is_plain:
                unwritten.write()
            try:
                answers.append(take_in(session, actor, new, now, unwritten, ahead=ahead.of))
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
