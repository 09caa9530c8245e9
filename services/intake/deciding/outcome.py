"""What was decided about one entry: by the rules, or, when they raise, by lines that cannot.

The whole of reading, scoring and deciding stands inside guards: whatever fails in it, a positive
answer still opens its ordinary alert, and a harmless one is counted to be decided again
(clinical.md 5.1).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog

from services.intake.deciding.entry import (
    Read,
    Sent,
    place_anyhow,
    place_entry,
    read_entry,
)
from services.intake.deciding.known import Known
from services.rules.catalogue import FALLBACK
from services.rules.danger import standing_plans, triage
from services.rules.danger.entry import EntryFacts, RiskHistory
from services.rules.danger.fallback import fallback_tier
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.standing_plans import EndReason, Moment
from services.rules.decision import Decision, Tier
from services.rules.instruments.answers import Answers
from services.rules.instruments.scoring import Score
from services.rules.mood_days import Placement

log = structlog.get_logger()

WITH_ITEM9: Final = ("phq9", "phq9-daily")
CSSRS: Final = "cssrs-screener"
CSSRS_QUESTIONS: Final = 7
NOTHING_SCORED: Final = Score(
    total=None, band=None, complete=False, answered=0, prorated_total=None
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything that was read in one entry and decided about it.

    `danger`: the S rules, or the fallback in their place; `others`: all other rules. `failed`: some
    raised, and what they could not say is to be decided again. `already_reported`: what an earlier
    version said: it opens nothing, and is answered as it was then. `figures`: the columns of the
    status row that the entry changes.
    """

    read: Read
    danger: tuple[Decision, ...] = ()
    others: tuple[Decision, ...] = ()
    failed: bool = False
    plan_ended: EndReason | None = None
    already_reported: tuple[Decision, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)

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
        outcome = decide_by_rules(sent, place_entry(sent, known.patient.timezone), known)
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
    read, patient, plan = read_entry(sent, placed), known.patient, known.plan
    holds, ended = False, None
    if plan is not None:
        moment = Moment(
            mood_day=placed.mood_day,
            last_answered_item9_on=patient.last_item9_on,
            discharged=not patient.followed,
        )
        holds = standing_plans.plan_holds(plan, read.facts, moment)
        ended = standing_plans.plan_ended(plan, read.facts, moment)
    history = RiskHistory(patient.item9_positive_at, patient.cssrs_moderate_at)
    return Outcome(read, triage.triage(read.facts, history, holds), plan_ended=ended)


def _by_fallback(sent: Sent, known: Known) -> Outcome:
    code = sent.instrument.code if sent.instrument else None
    word = fallback_tier(sent.kind, code, dict(sent.answers))
    tier = Tier.from_word(word) if word else None
    placed = place_anyhow(sent, known.patient.timezone)
    numbers = [_item9_number(code, version) for version in (*sent.earlier, sent.answers)]
    facts = EntryFacts(
        kind=sent.kind,
        recorded_at=placed.answered_at,
        received_at=sent.received_at,
        item9=numbers[-1],
        flags=placed.flags | sent.flags,
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
    unknown = code == CSSRS and answered < CSSRS_QUESTIONS
    return "cssrs_above_low" if unknown or tier is not None else None
