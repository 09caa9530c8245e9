"""What follows from one entry: by the rules, or, when they raise, by lines that cannot.

The whole of reading, scoring and deciding stands inside one guard: whatever fails in it, a positive
answer still opens its ordinary alert, and a harmless one is counted to be decided again
(clinical.md 5.1).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import structlog

from services.intake.deciding.entry import Read, Sent, place_entry, read_entry
from services.rules.catalogue import FALLBACK
from services.rules.danger import standing_plans, triage
from services.rules.danger.entry import EntryFacts, RiskHistory
from services.rules.danger.fallback import fallback_tier
from services.rules.danger.numbers import RULES_VERSION
from services.rules.danger.standing_plans import EndReason, Moment, StandingPlan
from services.rules.decision import Decision, Tier
from services.rules.instruments.answers import Answers
from services.rules.instruments.scoring import Score
from services.rules.mood_days import Placement

log = structlog.get_logger()

WITH_ITEM9 = ("phq9", "phq9-daily")
CSSRS = "cssrs-screener"
CSSRS_QUESTIONS = 7
NOTHING_SCORED = Score(total=None, band=None, complete=False, answered=0, prorated_total=None)


@dataclass(frozen=True, slots=True)
class Background:
    """What is known of the patient before this entry; `plan` is the standing plan in force."""

    history: RiskHistory
    plan: StandingPlan | None
    last_answered_item9_on: date | None
    discharged: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was read and decided. `by_rules` is false when the fallback had to speak."""

    read: Read
    decisions: tuple[Decision, ...]
    by_rules: bool
    plan_ended: EndReason | None = None

    @property
    def facts(self) -> EntryFacts:
        """The facts that were decided on."""
        return self.read.facts

    @property
    def fired(self) -> tuple[Decision, ...]:
        """The decisions that make an occurrence."""
        return tuple(decision for decision in self.decisions if decision.tier is not None)

    @property
    def tier(self) -> Tier | None:
        """The highest tier of this entry, None when it opens nothing."""
        return triage.occurrence_tier(self.decisions)

    @property
    def spared_by_plan(self) -> bool:
        """A standing plan spared this item 9 of 1 its page."""
        return any(decision.rule == "S2p" and decision.fired for decision in self.decisions)

    @property
    def is_risky(self) -> bool:
        """Any S decision of high or critical: stored and paged whatever else stands against it."""
        return self.tier is not None and self.tier >= Tier.HIGH

    @property
    def card_level(self) -> Literal["crisis", "support"] | None:
        """Which card the answer carries."""
        if self.by_rules:
            return triage.card_level(self.facts, self.decisions)
        return "crisis" if self.tier is Tier.CRITICAL else "support" if self.tier else None

    def stored(self) -> list[dict[str, Any]]:
        """The decisions as they are kept, yes and no alike."""
        return [decision.stored() for decision in self.decisions]


def decide(sent: Sent, background: Background) -> Verdict:
    """Decide one entry by the rules, by the fallback if anything in them raises. Never raises
    itself.
    """
    try:
        return decide_by_rules(sent, place_entry(sent), background)
    except Exception as error:  # noqa: BLE001 - whatever the rules raise, danger must still page
        log.error("rules_failed", kind=type(error).__name__, rule_version=RULES_VERSION)
        return _by_fallback(sent, background.plan)


def decide_by_rules(sent: Sent, placed: Placement, background: Background) -> Verdict:
    """The rules alone, for an entry whose place in time is known; raises what they raise."""
    read = read_entry(sent, placed)
    moment = Moment(
        mood_day=read.placement.mood_day,
        last_answered_item9_on=background.last_answered_item9_on,
        discharged=background.discharged,
    )
    plan = background.plan
    holds = standing_plans.plan_holds(plan, read.facts, moment)
    ended = standing_plans.plan_ended(plan, read.facts, moment) if plan else None
    decisions = triage.triage(read.facts, background.history, holds)
    return Verdict(read=read, decisions=decisions, by_rules=True, plan_ended=ended)


def _by_fallback(sent: Sent, plan: StandingPlan | None) -> Verdict:
    code = sent.instrument.code if sent.instrument else None
    word = fallback_tier(sent.kind, code, dict(sent.answers))
    tier = Tier.from_word(word) if word else None
    placed = _place_anyhow(sent)
    numbers = [_item9_number(code, version) for version in (*sent.earlier, sent.answers)]
    facts = EntryFacts(
        kind=sent.kind,
        recorded_at=placed.answered_at,
        received_at=sent.received_at,
        item9=numbers[-1],
        flags=placed.flags | sent.flags,
    )
    decision = Decision.with_tier(FALLBACK, RULES_VERSION, tier, {"kind": sent.kind})
    return Verdict(
        read=Read(
            NOTHING_SCORED if sent.instrument else None,
            placed,
            facts,
            max((number for number in numbers if number is not None), default=None),
            False,
        ),
        decisions=(decision,),
        by_rules=False,
        plan_ended=_fallback_ending(sent, numbers[-1], tier) if plan else None,
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


def _place_anyhow(sent: Sent) -> Placement:
    """The entry's place in time, or, when even that raises, the moment it was received."""
    try:
        return place_entry(sent)
    except Exception as error:  # noqa: BLE001 - a fault here must not cost the answer either
        log.error("placement_failed", kind=type(error).__name__)
        received = sent.received_at
        return Placement(received.date(), sent.profile_timezone, frozenset(), received, received)
