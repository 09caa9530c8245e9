"""One entry as the rules see it: its score, its place in time, and what it says about danger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from services.rules.danger.entry import (
    CssrsLevel,
    EntryFacts,
    EntryKind,
    Item9,
    carried_forward,
    highest_item9,
    highest_level,
)
from services.rules.danger.notes import find_terms
from services.rules.instruments.answers import Answers
from services.rules.instruments.lookup import Instrument
from services.rules.instruments.scoring import Score, cssrs_level, item9, score
from services.rules.mood_days import Placement, place

TOKEN_EXPIRED = "token_expired"  # noqa: S105 - the name of a flag
ENTERED_BY_STAFF = "entered_by_staff"
CLIENT_TOTAL_MISMATCH = "client_total_mismatch"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent and around it; `earlier` are the earlier versions' answers, oldest first."""

    kind: EntryKind
    instrument: Instrument | None
    answers: Answers
    note: str | None
    recorded_at: datetime
    received_at: datetime
    timezone: str | None
    profile_timezone: str
    sent_at: datetime | None = None
    stated_mood_day: date | None = None
    client_total: int | None = None
    flags: frozenset[str] = frozenset()
    earlier: Sequence[Answers] = field(default=())


@dataclass(frozen=True, slots=True)
class Read:
    """What the rules read in it. `q9_highest` is the highest item 9 of all versions."""

    score: Score | None
    placement: Placement
    facts: EntryFacts
    q9_highest: int | None
    cssrs_complete: bool


def place_entry(sent: Sent) -> Placement:
    """Its mood day, its zone and the flags of its clock."""
    return place(
        sent.recorded_at,
        sent.timezone,
        sent.profile_timezone,
        sent.received_at,
        sent.sent_at,
        sent.stated_mood_day,
    )


def read_entry(sent: Sent, placed: Placement) -> Read:
    """Score it and collect the facts that the S rules look at."""
    scored = score(sent.instrument, sent.answers) if sent.instrument else None
    flags = placed.flags | sent.flags
    if scored and sent.client_total is not None and sent.client_total != scored.total:
        flags |= {CLIENT_TOTAL_MISMATCH}
    versions = carried_forward([*sent.earlier, sent.answers])
    numbers = [_item9(sent.instrument, version) for version in versions]
    levels = [_cssrs(sent.instrument, version) for version in versions]
    facts = EntryFacts(
        kind=sent.kind,
        recorded_at=placed.answered_at,
        received_at=sent.received_at,
        item9=_item9(sent.instrument, sent.answers),
        cssrs=levels[-1],
        crisis_terms=bool(find_terms(sent.note)),
        flags=flags,
        earlier_item9=highest_item9(numbers[:-1]),
        earlier_cssrs=highest_level(level for level in levels[:-1] if level),
    )
    return Read(
        score=scored,
        placement=placed,
        facts=facts,
        q9_highest=highest_item9(numbers),
        cssrs_complete=bool(levels[-1] and scored and scored.complete),
    )


def _item9(instrument: Instrument | None, answers: Answers) -> Item9:
    if instrument is None:
        return None
    found = item9(instrument, answers)
    return "unknown" if found.unknown else found.value


def _cssrs(instrument: Instrument | None, answers: Answers) -> CssrsLevel | None:
    if instrument is None or not instrument.triage:
        return None
    level: CssrsLevel = cssrs_level(instrument, answers).value
    return level
