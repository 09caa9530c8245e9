"""One entry as the rules see it: its score, its place in time, and what it says about danger."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

import structlog

from services.rules.danger.entry import (
    CssrsLevel,
    EntryFacts,
    EntryKind,
    Item9,
    carried_forward,
    highest_item9,
    highest_level,
)
from services.rules.danger.lowering import CssrsEntry
from services.rules.danger.notes import find_terms
from services.rules.instruments.answers import Answers
from services.rules.instruments.lookup import Instrument
from services.rules.instruments.scoring import Score, cssrs_level, item9, score
from services.rules.mood_days import Placement, place

log = structlog.get_logger()

TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105 - the name of a flag
ENTERED_BY_STAFF: Final = "entered_by_staff"
CLIENT_TOTAL_MISMATCH: Final = "client_total_mismatch"


@dataclass(frozen=True, slots=True)
class Sent:
    """What was sent and around it; `earlier` are the earlier versions' answers, oldest first.

    `kept_day`: the mood day and zone of the first version, which every other keeps, also where the
    zone of then can no longer be told (an unknown name, a profile that has moved).
    """

    kind: EntryKind
    instrument: Instrument | None
    answers: Answers
    note: str | None
    recorded_at: datetime
    received_at: datetime
    timezone: str | None
    sent_at: datetime | None = None
    stated_mood_day: date | None = None
    client_total: int | None = None
    flags: frozenset[str] = frozenset()
    earlier: Sequence[Answers] = field(default=())
    kept_day: tuple[date, str] | None = None


@dataclass(frozen=True, slots=True)
class Read:
    """What the rules read in it.

    `q9_highest`: the highest item 9 of all versions; `reassuring`: the entry as a complete C-SSRS.
    """

    facts: EntryFacts
    placement: Placement
    score: Score | None = None
    q9_highest: int | None = None
    reassuring: CssrsEntry | None = None


def place_entry(sent: Sent, profile_timezone: str) -> Placement:
    """Its mood day, its zone and the flags of its clock."""
    # A press on the help button names no zone.
    timezone = profile_timezone if sent.kind == "help_request" else sent.timezone
    return place(
        sent.recorded_at,
        timezone,
        profile_timezone,
        sent.received_at,
        sent.sent_at,
        sent.stated_mood_day,
    )


def place_anyhow(sent: Sent, profile_timezone: str) -> Placement:
    """The entry's place in time, or, when even that raises, the moment it was received."""
    try:
        return place_entry(sent, profile_timezone)
    except Exception as error:  # noqa: BLE001 - a fault here must not cost the answer either
        log.error("placement_failed", kind=type(error).__name__)
        return placed_at(sent.received_at, profile_timezone)


def placed_at(received: datetime, timezone: str) -> Placement:
    """The place of what has none of its own: the moment it was received."""
    return Placement(received.date(), timezone, frozenset(), received, received)


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
        crisis_terms=bool(sent.note and find_terms(sent.note)),
        flags=flags,
        earlier_item9=highest_item9(numbers[:-1]),
        earlier_cssrs=highest_level(level for level in levels[:-1] if level),
    )
    complete = scored is not None and scored.complete
    return Read(
        facts=facts,
        placement=placed,
        score=scored,
        q9_highest=highest_item9(numbers),
        reassuring=_as_cssrs(facts, facts.cssrs) if facts.cssrs and complete else None,
    )


def _as_cssrs(facts: EntryFacts, level: CssrsLevel) -> CssrsEntry:
    return CssrsEntry(
        level=level,
        complete=True,
        recorded_at=facts.recorded_at,
        received_at=facts.received_at,
        flags=facts.flags,
        amended=facts.kind == "amendment",
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
