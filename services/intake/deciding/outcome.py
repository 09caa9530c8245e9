"""What one entry says and what was decided about it: by the rules, or, when they raise, by lines
that cannot.

The whole of reading, scoring and deciding stands inside guards: whatever fails in it, a positive
answer still opens its ordinary alert, and a harmless one is counted to be decided again
(clinical.md 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

import structlog

from services.intake.deciding.known import (
    NOTHING_ON_FILE,
    NOTHING_YET,
    CssrsOnFile,
    Known,
    Sent,
    SoFar,
)
from services.patients.status.lock import LockedPatient
from services.rules.catalogue import FALLBACK
from services.rules.danger import standing_plans, triage
from services.rules.danger.fallback import fallback_tier
from services.rules.danger.lowering import CssrsEntry
from services.rules.danger.notes import find_terms
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.standing_plans import EndReason, Moment
from services.rules.danger.triage import (
    CssrsLevel,
    EntryFacts,
    Item9,
    RiskHistory,
    carried_forward,
    highest_item9,
    highest_level,
)
from services.rules.decision import Decision, Tier
from services.rules.instruments.answers import (
    ITEM9_UNKNOWN,
    Answers,
    Score,
    cssrs_level,
    item9,
    score,
)
from services.rules.instruments.definition import (
    BEHAVIOUR,
    CSSRS_FORMS,
    LIFETIME_CSSRS,
    Instrument,
)
from services.rules.mood_days import Placement, place

log = structlog.get_logger()

TOKEN_EXPIRED: Final = "token_expired"  # noqa: S105 - the name of a flag
ENTERED_BY_STAFF: Final = "entered_by_staff"
CLIENT_TOTAL_MISMATCH: Final = "client_total_mismatch"
TEXT_DAMAGED: Final = "text_damaged"
CUT_CHARACTER: Final = "\ufffd"
WITH_ITEM9: Final = ("phq9", "phq9-daily")
CSSRS_QUESTIONS: Final = 7
NOTHING_SCORED: Final = Score(
    total=None, band=None, complete=False, answered=0, prorated_total=None
)


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


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was read in one entry and decided about it.

    `danger`: the S rules, or the fallback in their place; `others`: all other rules. `failed`: some
    raised, and what they could not decide is decided again later. `already_reported`: what an
    earlier version reported: it opens nothing, and is answered as it was then. `figures`: the
    columns of the status row that the entry changes. `so_far`: what is not
    stored yet once it joins it, if it joins anything.
    """

    read: Read
    danger: tuple[Decision, ...] = ()
    others: tuple[Decision, ...] = ()
    failed: bool = False
    plan_ended: EndReason | None = None
    already_reported: tuple[Decision, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    so_far: SoFar = NOTHING_YET

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """All of them, yes and no alike, as they are stored."""
        return (*self.danger, *self.others)

    @property
    def counts_as_failure(self) -> bool:
        """Rules failed, and nobody is called to look: no alert opens. What staff wrote about a
        session is counted anyway, for the fallback looks at little of it.
        """
        return self.failed and (
            self.read.facts.kind in ("vitals", "session")
            or all(one.tier is None for one in self.decisions)
        )

    @property
    def is_risky(self) -> bool:
        """Danger of high or critical, or a bodily emergency (E1): stored and paged whatever else
        stands against it.
        """
        danger = triage.occurrence_tier(self.danger)
        if danger is not None and danger >= Tier.HIGH:
            return True
        return any(one.fired and one.rule == "E1" for one in (*self.others, *self.already_reported))


def decide(sent: Sent, known: Known) -> Outcome:
    """Decide danger by the S rules, by the fallback if anything in them raises. Never raises
    itself.
    """
    try:
        outcome = decide_by_rules(sent, place_entry(sent, known.patient), known)
    except Exception as error:  # noqa: BLE001 - whatever the rules raise, danger must still page
        log.error("rules_failed", kind=type(error).__name__, rule_version=RULES_VERSION)
        outcome = _by_fallback(sent, known)
    if known.unread:
        outcome = replace(outcome, failed=True)
    if sent.kept_day is None:
        return outcome
    day, zone = sent.kept_day
    placed = replace(outcome.read.placement, mood_day=day, zone=zone)
    return replace(outcome, read=replace(outcome.read, placement=placed))


def decide_by_rules(sent: Sent, placed: Placement, known: Known) -> Outcome:
    """The S rules alone, for an entry whose place in time is known; raises what they raise."""
    read, patient, plan = read_entry(sent, placed, known.cssrs), known.patient, known.plan
    holds, ended = False, None
    if plan is not None:
        moment = Moment(
            mood_day=placed.mood_day,
            last_answered_item9_on=patient.last_item9_on,
            discharged=patient.not_followed == "discharged",
            consent_withdrawn=patient.not_followed == "consent_withdrawn",
        )
        holds = standing_plans.plan_holds(plan, read.facts, moment)
        ended = standing_plans.plan_ended(plan, read.facts, moment)
    history = RiskHistory(patient.item9_positive_at, patient.cssrs_moderate_at)
    danger = triage.triage(read.facts, history, holds)
    return Outcome(read, danger, plan_ended=ended, so_far=known.so_far)


def _by_fallback(sent: Sent, known: Known) -> Outcome:
    code = sent.instrument.code if sent.instrument else None
    word = fallback_tier(sent.kind, code, dict(sent.answers))
    tier = Tier.from_word(word) if word else None
    placed = place_anyhow(sent, known.patient)
    numbers = [_item9_number(code, version) for version in (*sent.earlier, sent.answers)]
    facts = EntryFacts(
        kind=sent.kind,
        recorded_at=placed.answered_at,
        received_at=sent.received_at,
        item9=numbers[-1],
        flags=placed.flags | sent.flags,
        lifetime_on_file=known.cssrs.is_complete,
    )
    return Outcome(
        read=Read(
            facts,
            placed,
            NOTHING_SCORED if sent.instrument else None,
            max((number for number in numbers if number is not None), default=None),
        ),
        danger=(Decision.with_tier(FALLBACK, RULES_VERSION, tier, {"kind": sent.kind}),),
        failed=True,
        plan_ended=_fallback_ending(sent, numbers[-1], tier) if known.plan else None,
    )


def _item9_number(code: str | None, answers: Answers) -> int | None:
    q9 = answers.get("q9")
    return q9 if type(q9) is int and 0 <= q9 <= 3 and code in WITH_ITEM9 else None


def _fallback_ending(sent: Sent, item9: int | None, tier: Tier | None) -> EndReason | None:
    """Why a standing plan is over, in doubt that it is: nothing but a plain answer of 0 or 1, or a
    form that asks for neither item 9 nor the C-SSRS, leaves it in force.
    """
    code = sent.instrument.code if sent.instrument else None
    if sent.kind == "help_request":
        return "help_request"
    if code in WITH_ITEM9:
        if item9 is None:
            return None if sent.kind == "amendment" else "item9_unknown"
        return "item9_critical" if item9 > 1 else None
    answered = sum(type(answer) is int for answer in sent.answers.values())
    unknown = code in CSSRS_FORMS and answered < CSSRS_QUESTIONS
    return "cssrs_above_low" if unknown or tier is not None else None


def place_entry(sent: Sent, patient: LockedPatient) -> Placement:
    """Its mood day, its zone and the flags of its clock."""
    # A press on the help button names no zone.
    timezone = patient.timezone if sent.kind == "help_request" else sent.timezone
    return place(
        sent.recorded_at,
        timezone,
        patient.timezone,
        sent.received_at,
        sent.sent_at,
        sent.stated_mood_day,
        None if sent.time_stated else patient.known_since,
    )


def place_anyhow(sent: Sent, patient: LockedPatient) -> Placement:
    """The entry's place in time, or, when even that raises, the moment it was received."""
    try:
        return place_entry(sent, patient)
    except Exception as error:  # noqa: BLE001 - a fault here must not cost the answer either
        log.error("placement_failed", kind=type(error).__name__)
        return placed_at(sent.received_at, patient.timezone)


def placed_at(received: datetime, timezone: str) -> Placement:
    """The place of what has none of its own: the moment it was received."""
    return Placement(received.date(), timezone, frozenset(), received, received)


def read_entry(sent: Sent, placed: Placement, on_file: CssrsOnFile = NOTHING_ON_FILE) -> Read:
    """Score it and collect the facts that the S rules look at."""
    scored = score(sent.instrument, sent.answers) if sent.instrument else None
    flags = placed.flags | sent.flags
    if sent.note and CUT_CHARACTER in sent.note:
        flags |= {TEXT_DAMAGED}
    if scored and sent.client_total is not None and sent.client_total != scored.total:
        flags |= {CLIENT_TOTAL_MISMATCH}
    facts = EntryFacts(
        kind=sent.kind,
        recorded_at=placed.answered_at,
        received_at=sent.received_at,
        item9=_item9(sent.instrument, sent.answers),
        cssrs=_cssrs(sent.instrument, sent.answers, on_file),
        crisis_terms=find_terms(sent.note),
        flags=flags,
        lifetime_on_file=on_file.is_complete,
    )
    highest = facts.item9_number
    if sent.earlier:
        versions = carried_forward([*sent.earlier, sent.answers])
        numbers = [_item9(sent.instrument, version) for version in versions]
        levels = [_cssrs(sent.instrument, version, on_file) for version in versions]
        highest = highest_item9(numbers)
        facts = replace(
            facts,
            cssrs=levels[-1],
            earlier_item9=highest_item9(numbers[:-1]),
            earlier_cssrs=highest_level(level for level in levels[:-1] if level),
        )
    complete = scored is not None and scored.complete
    return Read(
        facts=facts,
        placement=placed,
        score=scored,
        q9_highest=highest,
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
    return "unknown" if found == ITEM9_UNKNOWN else found.value


def _cssrs(
    instrument: Instrument | None, answers: Answers, on_file: CssrsOnFile
) -> CssrsLevel | None:
    """Its level; behaviour of more than 3 months ago that is on file is no news, and a question
    about it that is left out stays open.
    """
    if instrument is None or not instrument.triage:
        return None
    is_old = answers.get(BEHAVIOUR) == 1 and answers.get("q6b") == 0
    if is_old and instrument.code == LIFETIME_CSSRS and on_file.behaviour:
        answers = {**answers, BEHAVIOUR: 0}
    level: CssrsLevel = cssrs_level(instrument, answers).value
    return level
