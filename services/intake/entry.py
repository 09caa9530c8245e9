"""An entry as it was sent or stored: how its kind decides, stores and shows it.

Check-ins, reports of side effects and their amendments are versions of one entry; a help request
has one version only.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import Session

from models import CheckIn, SideEffectReport
from models.entries.check_in import RecordKind
from models.statements import Query
from services.access import Actor
from services.exceptions import NotFound
from services.intake.deciding.known import Known, Sent
from services.intake.deciding.outcome import ENTERED_BY_STAFF, TOKEN_EXPIRED, Outcome
from services.intake.storing.store import SafetyCard
from services.intake.storing.unwritten import TableRow
from services.intake.versions import Amended
from services.rules.courses import Treatment
from services.rules.mood_days import IMPLAUSIBLE_TIME, to_utc
from services.unit_of_work import Prepared, changed_row

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

    @property
    def is_plain(self) -> bool:
        """May it wait to be written, if it is harmless? What else is decided meanwhile then rests
        on nothing of it but its series and what it reports.
        """
        return False

    @abstractmethod
    def row(self, session: Session, known: Known, outcome: Outcome) -> dict[str, Any]:
        """The columns of this version."""

    @abstractmethod
    def rows(self, row: dict[str, Any]) -> list[TableRow]:
        """What stores it: new rows."""

    def writes(self, row: dict[str, Any]) -> list[Prepared]:
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
    """What is to be taken in: about whom, and the entry, or what makes an amendment of the versions
    that stand, read under the lock of their status row.

    All raise what they refuse, before anything is written. `of`: the version that is amended.
    """

    patient_of: Callable[[Session], UUID]
    entry: Entry | Callable[[Sequence[Any]], Entry]
    of: Amended | None = None

    def made(self, versions: Query | None) -> Entry:
        """The entry, of the versions that were asked for; raises `NotFound` where there are
        none.
        """
        if isinstance(self.entry, Entry):
            return self.entry
        if versions is None or not versions.rows:
            raise NotFound
        return self.entry(versions.rows)


def superseded(table: VersionedTable, last: Any, **columns: Any) -> Prepared:
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
