"""Which S rules does one entry fire, and how urgent is it (clinical.md 5.1)?

What each says and its tier stand in the catalogue. Every rule is decided for every entry and never
skipped by time; only a standing plan turns S2 into S2p. An amendment counts only where it is above
the highest earlier version, except for its words (S7): those are new whatever the numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from services.rules.catalogue import CATALOGUE
from services.rules.danger.entry import EntryFacts, RiskHistory
from services.rules.danger.numbers import RULES, RuleSet
from services.rules.decision import Decision, Input, RuleId, Tier, highest
from services.rules.mood_days import shift


@dataclass(frozen=True, slots=True)
class _Case:
    facts: EntryFacts
    history: RiskHistory
    plan_holds: bool
    rules: RuleSet

    @property
    def item9_positive(self) -> bool:
        return self.facts.counted_item9 >= self.rules.item9_positive_from

    @property
    def item9_critical(self) -> bool:
        return self.facts.counted_item9 >= self.rules.item9_critical_from

    @property
    def item9_only_just_positive(self) -> bool:
        return self.item9_positive and not self.item9_critical

    @property
    def positive_answer(self) -> bool:
        """Also in an amendment that is no higher than before: the answer still says so."""
        return (self.facts.item9_number or 0) >= self.rules.item9_positive_from

    @property
    def recent_risk(self) -> bool:
        """Item 9 or C-SSRS positive in the last 14 days; a phone ahead of time shortens nothing."""
        seen = (self.history.item9_positive_at, self.history.cssrs_moderate_at)
        entered = min(self.facts.recorded_at, self.facts.received_at)
        since = shift(entered, -self.rules.recent_risk)
        return any(at is not None and at >= since for at in seen)

    @property
    def item9_just_before(self) -> bool:
        """A positive item 9 in the 24 h before this entry: this is then its follow-up."""
        at = self.history.item9_positive_at
        if at is None or "clock_skew" in self.facts.flags:
            return False
        return at <= self.facts.recorded_at <= shift(at, self.rules.item9_before_cssrs)

    def input(self, name: str) -> Input:
        """What a rule looked at, in a plain JSON value: of this case or a fact of the entry."""
        value = getattr(self if hasattr(self, name) else self.facts, name)
        return value.word if isinstance(value, Tier) else value


@dataclass(frozen=True, slots=True)
class Condition:
    """When a rule is met, and the facts that are kept with its decision."""

    is_met: Callable[[_Case], bool]
    inputs: tuple[str, ...]


_ITEM9 = ("item9", "earlier_item9")
_CSSRS = ("cssrs", "earlier_cssrs")

CONDITIONS: Final[Mapping[RuleId, Condition]] = {
    "S1": Condition(lambda c: c.item9_critical, _ITEM9),
    "S2": Condition(
        lambda c: c.item9_only_just_positive and not c.plan_holds, (*_ITEM9, "plan_holds")
    ),
    "S2p": Condition(
        lambda c: c.item9_only_just_positive and c.plan_holds, (*_ITEM9, "plan_holds")
    ),
    "S3": Condition(lambda c: c.facts.counted_cssrs == "high", _CSSRS),
    "S4": Condition(lambda c: c.facts.counted_cssrs == "moderate", _CSSRS),
    "S5": Condition(
        lambda c: c.facts.counted_cssrs == "low" and not c.item9_just_before,
        (*_CSSRS, "item9_just_before"),
    ),
    "S6a": Condition(lambda c: c.facts.item9_unknown and c.recent_risk, ("item9", "recent_risk")),
    "S6b": Condition(
        lambda c: c.facts.item9_unknown and not c.recent_risk, ("item9", "recent_risk")
    ),
    "S7a": Condition(
        lambda c: c.facts.crisis_terms and c.positive_answer, ("crisis_terms", "item9")
    ),
    "S7b": Condition(
        lambda c: c.facts.crisis_terms and not c.positive_answer, ("crisis_terms", "item9")
    ),
    "S8": Condition(lambda c: c.facts.kind == "help_request", ("kind",)),
    "S9": Condition(lambda c: c.facts.counted_cssrs == "unknown", _CSSRS),
    "S10a": Condition(
        lambda c: c.facts.kind == "unreadable" and c.facts.unreadable_tier is not Tier.HIGH,
        ("kind", "unreadable_tier"),
    ),
    "S10b": Condition(
        lambda c: c.facts.kind == "unreadable" and c.facts.unreadable_tier is Tier.HIGH,
        ("kind", "unreadable_tier"),
    ),
}


def triage(
    facts: EntryFacts, history: RiskHistory, plan_holds: bool, rules: RuleSet = RULES
) -> tuple[Decision, ...]:
    """Every rule of `CONDITIONS` decided for one entry, in their order."""
    case = _Case(facts, history, plan_holds, rules)
    return tuple(_decide(rule, condition, case) for rule, condition in CONDITIONS.items())


def _decide(rule: RuleId, condition: Condition, case: _Case) -> Decision:
    fired = condition.is_met(case)
    return Decision(
        rule=rule,
        rule_version=case.rules.version,
        is_met=fired,
        fired=fired,
        tier=CATALOGUE[rule].tier if fired else None,
        inputs={name: case.input(name) for name in condition.inputs},
    )


def occurrence_tier(decisions: Iterable[Decision]) -> Tier | None:
    """The tier of the occurrence on the `suicide_risk` alert; None: opens and adds nothing."""
    return highest(decision.tier for decision in decisions)


def card_level(
    facts: EntryFacts, decisions: Sequence[Decision], rules: RuleSet = RULES
) -> Literal["crisis", "support"] | None:
    """`crisis` goes with a critical alert; `support` with anything else positive or left open.

    Looks at the answer itself, not only at what fired: a plan, an amendment or a recent alert
    spares a page and never the card.
    """
    item9 = facts.item9_number or 0
    if occurrence_tier(decisions) is Tier.CRITICAL or facts.cssrs == "high":
        return "crisis"
    if item9 >= rules.item9_critical_from:
        return "crisis"
    open_or_positive = facts.item9 == "unknown" or item9 >= rules.item9_positive_from
    if open_or_positive or facts.cssrs not in (None, "none"):
        return "support"
    return "support" if any(decision.fired for decision in decisions) else None


def next_instrument(facts: EntryFacts, rules: RuleSet = RULES) -> Literal["cssrs-screener"] | None:
    """What the app asks next: the C-SSRS screener after a positive item 9 (VA Risk ID)."""
    positive = (facts.item9_number or 0) >= rules.item9_positive_from
    return "cssrs-screener" if positive else None
